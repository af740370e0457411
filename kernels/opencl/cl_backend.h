// The OpenCL backend: checks shapes and starts the kernels of cl/, one or two per op, on one in-order
// queue. Only download waits. kernels/opencl/README.md tells how the kernels keep row independence.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/devices.h"
#include "kernels/opencl/cl_batch.h"
#include "kernels/opencl/cl_buffer.h"
#include "kernels/opencl/cl_context.h"
#include "kernels/opencl/cl_kernels.h"
#include "kernels/opencl/cl_weight.h"

namespace quire::kernels::opencl {

/// Work-groups of cl/quantize.cl, one per chunk of a row.
Grid chunks_of(const Matrix& x);

/// Thread: as Backend.
class ClBackend final : public Backend {
 public:
  /// Throws DeviceError.
  ClBackend(ClDevice device, const OpenClOptions& options);
  ~ClBackend() override;

  std::string describe() const override;
  std::optional<DeviceMemory> memory() const override;
  bool time_kernels(bool on) override {
    context_.time_kernels(on);
    return true;
  }
  std::vector<KernelTime> take_kernel_times() override { return context_.take_kernel_times(); }

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
  /// int8 codes of the rows of x, and each group's step and sum.
  struct Quantized {
    cl_mem codes = nullptr;
    View view{};  // of the codes, in elements of their type
    cl_mem steps = nullptr;
  };
  /// Scratch for x in groups; what it held before is gone.
  Quantized quantized_for(const Matrix& x, std::int32_t group);
  Quantized quantize(const Matrix& x, std::int32_t group);
  /// An op that quantised its output x, for the op after it alone: linear of the same x takes the codes.
  struct Prepared {
    Matrix x;
    std::int32_t group = 0;
    Quantized quantized;
  };
  /// The group in which an op's output is quantised on its way, or 0.
  static std::int32_t group_of(const Weight* next, const Matrix& out);
  void run_linear(const Matrix& x, std::span<const LinearTerm> terms, const Quantized& quantized);
  /// Builds what a model of the weights seen so far needs.
  void build_kernels(DType cache);

  ClContext context_;
  ClKernels kernels_;
  ClBatch batch_;
  std::optional<Prepared> prepared_;
  StagedInts ids_, gathered_;
  std::vector<PackedFormat> formats_;  // of the weights prepared so far
  std::array<ClScratch, 3> codes_, steps_;  // by group width
  ClScratch partials_;
  std::vector<float> inverse_;  // frequencies that the device has
  ClScratch inverse_memory_;
};

}  // namespace quire::kernels::opencl
