// TimedBackend: a Backend in front of another one that counts and times every op of a step. It
// stands behind the same seam, so neither kernels nor engine know of it and serving never pays.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "kernels/backend.h"

namespace quire::tools::bench {

/// What a step's time goes to. `sampling` is the caller's work between fetching logits and its next
/// call; `other` is everything else outside the ops above, batch binding and row gathering included.
enum class StepOp : std::uint8_t {
  embed,
  norm,
  qkv,
  rope_store,
  attention,
  o,
  gate_up,
  activation,
  down,
  head,
  sampling,
  other
};
inline constexpr std::size_t kStepOps = 12;

/// "gate/up"
std::string_view name_of(StepOp op) noexcept;

/// Bytes are the least that the op must move: each weight once per call, of the cache the positions
/// that a sequence's rows see once per layer, activations in and out. Padding counts where it is
/// streamed (weights), not where it is skipped.
struct OpWork {
  std::int64_t calls = 0;
  double seconds = 0;
  double weight_bytes = 0;
  double kv_bytes = 0;          // read by attention, written by rope_store
  double activation_bytes = 0;  // f32 rows read and written; mostly from the caches
  /// Multiplications and additions of matrices and attention; others count none.
  double operations = 0;

  double bytes() const noexcept { return weight_bytes + kv_bytes + activation_bytes; }
};

using StepWork = std::array<OpWork, kStepOps>;

/// Thread: as Backend. `inner` must outlive it; what it makes is inner's own.
class TimedBackend final : public kernels::Backend {
 public:
  explicit TimedBackend(kernels::Backend& inner) : inner_(inner) {}

  /// From here every op is counted and timed: two readings of the clock for each.
  void start();
  /// All the time since start, divided among the ops. REQUIRES: start was called.
  StepWork stop();

  /// The cache that make_kv_cache made last; null before. Lives as long as its owner.
  kernels::KvCache* cache() const noexcept { return cache_; }

  std::string describe() const override { return inner_.describe(); }
  std::optional<kernels::DeviceMemory> memory() const override { return inner_.memory(); }
  bool time_kernels(bool on) override { return inner_.time_kernels(on); }
  std::vector<kernels::KernelTime> take_kernel_times() override {
    return inner_.take_kernel_times();
  }
  std::unique_ptr<kernels::Buffer> allocate(std::size_t floats) override;
  void upload(kernels::Buffer& to, std::size_t offset, std::span<const float> from) override;
  void download(const kernels::Matrix& from, std::span<float> to) override;
  std::unique_ptr<kernels::Weight> prepare_weight(const kernels::WeightSource& source) override;
  std::unique_ptr<kernels::KvCache> make_kv_cache(const kernels::KvCacheShape& shape) override;
  void begin_step(const kernels::BatchView& batch) override;
  void embed(const kernels::Weight& table, std::span<const std::int32_t> ids,
             kernels::Matrix out) override;
  void rms_norm(const kernels::RmsNormArgs& args) override;
  void linear(kernels::Matrix x, std::span<const kernels::LinearTerm> terms) override;
  void rope_angles(const kernels::RopeFrequencies& frequencies, kernels::Matrix out) override;
  void rope_store(const kernels::RopeStoreArgs& args) override;
  void attention(const kernels::AttentionArgs& args) override;
  void gated_activation(const kernels::GatedActivationArgs& args) override;
  void gather_rows(kernels::Matrix x, std::span<const std::int32_t> rows,
                   kernels::Matrix out) override;

 private:
  using Clock = std::chrono::steady_clock;

  template <typename Call>
  void timed(StepOp op, const OpWork& work, Call&& call);
  void close_gap(Clock::time_point now);
  OpWork linear_work(const kernels::Matrix& x, std::span<const kernels::LinearTerm> terms) const;
  OpWork attention_work(const kernels::AttentionArgs& args) const;

  kernels::Backend& inner_;
  kernels::KvCache* cache_ = nullptr;
  bool recording_ = false;
  StepWork work_{};
  Clock::time_point last_{};          // end of the last op
  StepOp gap_ = StepOp::other;        // what the time until the next op goes to
  StepOp next_linear_ = StepOp::qkv;  // a decoder's matrices come in a fixed order
  kernels::BatchView batch_{};
};

}  // namespace quire::tools::bench
