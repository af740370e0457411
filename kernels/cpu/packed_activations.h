// Activations in the forms that packed weights want on an ISA level, each made once per call of
// linear, however many terms share it.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/cpu/cpu_buffer.h"
#include "kernels/cpu/packed_layout.h"
#include "kernels/cpu/packed_scratch.h"
#include "kernels/cpu/workers.h"

namespace quire::kernels::cpu {

enum class ActivationForm : std::uint8_t {
  f32,      // as they come
  codes,    // int8 per group, for affine weights in quad order
  rounded,  // bf16, for dense bf16 weights
  pairs,    // bf16 as matrix tiles want them, for affine weights in word order
};

/// The form that a weight meets on a level.
ActivationForm form_for(const LinearKernels& kernels, const PackedView& view);

/// x [rows, K] and what became of it; null where no term wants it.
struct Activations {
  ConstRows x;
  std::int32_t rows;
  std::array<const std::int8_t*, std::size(kGroups)> codes{};  // by index in kGroups
  std::array<const GroupScale*, std::size(kGroups)> scales{};
  const std::uint16_t* rounded = nullptr;  // rows are bf16_stride(K) apart
  const std::uint16_t* pairs = nullptr;
};

/// The index of an affine weight's group width in kGroups.
std::size_t group_index(std::int32_t group);

/// Elements from one rounded row to the next: an odd number of cache lines, so that the rows of a
/// tile fall into different sets of the L1 cache.
std::size_t bf16_stride(std::int32_t depth);

/// Brings x into the form that the weight wants, unless an earlier term wanted the same. The
/// scratch holds the result. Throws DeviceError when memory runs out.
void convert(const LinearKernels& kernels, Workers& workers, const PackedView& view,
             LinearScratch& scratch, Activations& activations);

}  // namespace quire::kernels::cpu
