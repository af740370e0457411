// Every kernel of the backend, built when it is first needed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/devices.h"
#include "kernels/dtype.h"
#include "kernels/opencl/cl_context.h"

namespace quire::kernels::opencl {

/// Thread: as Backend.
class LazyKernel {
 public:
  LazyKernel() = default;
  /// `files` in order, before them common.cl.
  LazyKernel(std::vector<const char*> files, const char* function, std::string options);

  ClKernel& get(ClContext& context);

 private:
  std::vector<const char*> files_;
  const char* function_ = nullptr;
  std::string options_;
  std::optional<ClKernel> kernel_;
};

/// The packed form of a weight; equal formats share kernels and launches.
struct PackedFormat {
  std::int32_t bits = 0;    // 0 = dense
  std::int32_t group = 0;   // of affine weights
  DType type = DType::f32;  // of dense elements, or of scales and biases

  bool operator==(const PackedFormat&) const = default;
};

/// DType as common.cl counts them.
constexpr cl_uint type_code(DType type) noexcept {
  switch (type) {
    case DType::f32: return 0;
    case DType::f16: return 1;
    case DType::bf16: return 2;
    case DType::int8: return 3;
  }
  return 0;
}

/// Thread: as Backend.
class ClKernels {
 public:
  ClKernels(int dot_path, const OpenClTuning& tuning);

  struct Linear {
    LazyKernel kernel;
    std::array<std::size_t, 3> items{};  // of a work-group
    std::int32_t rows = 0;               // of a work-group
    std::int32_t panels = 0;             // of a work-group
  };
  /// linear for this many rows: linear.cl in tiles of 1, 4 or tuning.many_rows, or linear_tile.cl where
  /// the tuning has a tile and they fill half of it.
  Linear& linear(const PackedFormat& format, std::int32_t rows);
  /// Every one that `linear` may name for a format.
  std::span<Linear> linear(const PackedFormat& format);
  LazyKernel& attention(DType cache);

  /// Codes of activations are f32 numbers, not bytes.
  bool float_codes() const noexcept { return tuning_.products == CodeProducts::floats; }

  LazyKernel embed, gate, gate_quantize, gather_rows, quantize, rms_norm, rms_norm_quantize,
      rope_angles, rope_store, attention_merge;

 private:
  static constexpr std::size_t kFewTiles = 3;  // of linear.cl; after them linear_tile.cl

  void define_linear(std::size_t format, int dot_path);

  OpenClTuning tuning_;
  std::array<std::array<Linear, kFewTiles + 1>, 12> linear_;  // [0..8] by bits, [9..11] dense by type
  std::array<LazyKernel, 4> attention_;                   // by type_code
};

}  // namespace quire::kernels::opencl
