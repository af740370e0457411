// The linear kernels of this ISA level; contracts in linear_table.h.
#pragma once

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels::QUIRE_ISA {

void dense_panel(const cpu::DensePanel& panel);
void quantize_rows(const cpu::QuantizeRows& rows);
void round_rows(const cpu::RoundRows& rows);

#if defined(__AVX512BF16__)
void bf16_panel(const cpu::Bf16Panel& panel);
#else
inline constexpr void (*bf16_panel)(const cpu::Bf16Panel& panel) = nullptr;
#endif

#if defined(__AMX_BF16__)
void affine_tiles(const cpu::AffineTiles& all);
void pair_rows(const cpu::PairRows& rows);
inline constexpr void (*affine_panel)(const cpu::AffinePanel& panel) = nullptr;
inline constexpr cpu::CodeOrder kCodeOrder = cpu::CodeOrder::words;
inline constexpr int kPanels = cpu::kTilePanels;
#else
void affine_panel(const cpu::AffinePanel& panel);
inline constexpr void (*affine_tiles)(const cpu::AffineTiles& all) = nullptr;
inline constexpr void (*pair_rows)(const cpu::PairRows& rows) = nullptr;
inline constexpr cpu::CodeOrder kCodeOrder = cpu::CodeOrder::quads;
inline constexpr int kPanels = 1;
#endif

}  // namespace quire::kernels::QUIRE_ISA
