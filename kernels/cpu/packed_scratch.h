// Scratch of linear and attention that outlives a call: grown to the largest call seen, never per
// token.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels::cpu {

/// Uninitialised memory, aligned to a cache line, whose contents a growth loses.
/// Thread: engine only.
class ScratchBytes {
 public:
  ScratchBytes() = default;
  ScratchBytes(const ScratchBytes&) = delete;
  ScratchBytes& operator=(const ScratchBytes&) = delete;
  ~ScratchBytes();

  /// At least `bytes` bytes. Throws DeviceError when memory runs out.
  void* reserve(std::size_t bytes);

 private:
  void* begin_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Activations quantised for one group width.
struct QuantizedRows {
  ScratchBytes codes;   // int8 [rows, K]
  ScratchBytes scales;  // GroupScale [rows, K / group]
};

/// The group widths that affine weights may have.
inline constexpr std::int32_t kGroups[] = {32, 64, 128};

struct LinearScratch {
  QuantizedRows quantized[3];  // by index in kGroups
  ScratchBytes rounded;        // bf16 [rows, bf16_stride(K)]
  ScratchBytes pairs;          // bf16 [rows, K]
  ScratchBytes sums;           // f32 [parts, panels of a call, kMaxLinearRows, kPanelColumns]
  ScratchBytes workspace;      // [parts, kTileWorkspaceBytes]
};

}  // namespace quire::kernels::cpu
