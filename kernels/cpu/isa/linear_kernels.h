// The linear kernels of this ISA level; contracts in linear_table.h.
#pragma once

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels::QUIRE_ISA {

void dense_panel(const cpu::DensePanel& panel);
void affine_panel(const cpu::AffinePanel& panel);
void quantize_rows(const cpu::QuantizeRows& rows);
void round_rows(const cpu::RoundRows& rows);

#if defined(__AVX512BF16__)
void bf16_panel(const cpu::Bf16Panel& panel);
#else
inline constexpr void (*bf16_panel)(const cpu::Bf16Panel& panel) = nullptr;
#endif

}  // namespace quire::kernels::QUIRE_ISA
