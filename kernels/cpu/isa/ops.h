// The kernels of this ISA level that its table points to; contracts in kernel_table.h.
#pragma once

#include "kernels/cpu/isa/simd.h"
#include "kernels/cpu/kernel_table.h"

namespace quire::kernels::QUIRE_ISA {

void rms_norm(const cpu::RmsNormRows& rows, std::int64_t begin, std::int64_t end);
void gate(const cpu::GateRows& rows, std::int64_t begin, std::int64_t end);
void rope_store(const cpu::RopeStoreRows& rows, std::int64_t begin, std::int64_t end);
void attention(const cpu::AttentionItems& items, std::int64_t begin, std::int64_t end,
               float* scratch);
void attention_piece(const cpu::AttentionItems& items, const cpu::AttentionPiece& piece,
                     float* scratch);
void attention_merge(const cpu::AttentionItems& items, const cpu::AttentionPiece& whole);

}  // namespace quire::kernels::QUIRE_ISA
