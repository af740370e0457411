// Every kernel of the backend, built when it is first needed; and what a tuner chose for them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/opencl/cl_context.h"

namespace quire::kernels::opencl {

/// What may differ from device to device without changing a bit (see cl/linear.cl).
struct ClTuning {
  std::int32_t lanes = 8;       // that share a panel: 2, 4 or 8
  std::int32_t many_rows = 16;  // rows of a tile where there are many: 8 or 16

  bool operator==(const ClTuning&) const = default;
};

/// Stored by `quire tune` for this device and driver, or the defaults.
ClTuning stored_tuning(const ClContext& context);
void store_tuning(const ClContext& context, const ClTuning& tuning);
/// Throws DeviceError naming the value and those that are possible.
void check_tuning(const ClTuning& tuning);

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
  ClKernels(int dot_path, const ClTuning& tuning);

  /// linear for a tile of this many rows: the smallest of 1, 4 and tuning.many_rows that holds
  /// them, or the last.
  struct Linear {
    LazyKernel kernel;
    std::int32_t rows = 0;  // of a tile
  };
  Linear& linear(const PackedFormat& format, std::int32_t rows);
  LazyKernel& attention(DType cache);

  const ClTuning& tuning() const noexcept { return tuning_; }

  LazyKernel embed, gate, gather_rows, quantize, rms_norm, rope_angles, rope_store,
      attention_merge;

 private:
  static constexpr std::size_t kRowTiles = 3;

  ClTuning tuning_;
  std::array<std::array<Linear, kRowTiles>, 12> linear_;  // [0..8] by bits, [9..11] dense by type
  std::array<LazyKernel, 4> attention_;                   // by type_code
};

}  // namespace quire::kernels::opencl
