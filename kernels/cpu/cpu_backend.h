// The CPU backend: checks shapes, splits the items of an op over the workers, calls the kernels of
// the ISA level chosen at construction. Row independence is the kernels' business.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/attention_scratch.h"
#include "kernels/cpu/attention_split.h"
#include "kernels/cpu/bound_batch.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/kv_arena.h"
#include "kernels/cpu/packed_memory.h"
#include "kernels/cpu/packed_scratch.h"
#include "kernels/cpu/workers.h"

namespace quire::kernels::cpu {

/// Thread: as Backend.
class CpuBackend final : public Backend {
 public:
  /// threads >= 1.
  CpuBackend(const IsaLevel& level, std::int32_t threads);
  ~CpuBackend() override;

  std::string describe() const override;
  std::unique_ptr<Buffer> allocate(std::size_t floats) override;
  void upload(Buffer& to, std::size_t offset, std::span<const float> from) override;
  void download(const Matrix& from, std::span<float> to) override;
  std::unique_ptr<Weight> prepare_weight(const WeightSource& source) override;
  std::unique_ptr<KvCache> make_kv_cache(const KvCacheShape& shape) override;
  void begin_step(const BatchView& batch) override;
  void embed(const Weight& table, std::span<const std::int32_t> ids, Matrix out) override;
  void rms_norm(const RmsNormArgs& args) override;
  void linear(Matrix x, std::span<const LinearTerm> terms) override;
  void rope_angles(const RopeFrequencies& frequencies, Matrix out) override;
  void rope_store(const RopeStoreArgs& args) override;
  void attention(const AttentionArgs& args) override;
  void gated_activation(const GatedActivationArgs& args) override;
  void gather_rows(Matrix x, std::span<const std::int32_t> rows, Matrix out) override;

 private:
  /// All items, by at most `parts` threads.
  void run_attention(const AttentionItems& items, std::int32_t parts);

  const IsaLevel& level_;
  const KernelTable& kernels_;
  Workers workers_;
  WeightArena weights_;
  BoundBatch batch_;
  AttentionSplit attention_split_;
  AttentionScratch attention_scratch_;
  LinearScratch linear_scratch_;  // grows to the largest batch, then stays
};

}  // namespace quire::kernels::cpu
