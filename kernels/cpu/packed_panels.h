// One panel of a packed weight (packed_layout.h): written from a source, and read back by row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/packed_layout.h"
#include "kernels/weight.h"

namespace quire::kernels::cpu {

Element element_of(DType dtype) noexcept;

/// Bytes of one panel, a multiple of kVectorBytes.
std::size_t panel_bytes(const WeightSource& source) noexcept;

/// Writes panel `panel` (columns kPanelColumns * panel ...) to `to`, every byte of it, affine codes
/// in the order given. Thread: any, panels are independent.
void pack_panel(const WeightSource& source, CodeOrder order, std::int32_t panel, std::byte* to);

/// out[k] = W[row][k] for all k: a dense element exactly, an affine one as
/// f32(double(scale) * code + double(bias)). Thread: any.
void unpack_row(const PackedView& weight, std::int32_t row, float* out);

}  // namespace quire::kernels::cpu
