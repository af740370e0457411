// The linear kernels of this ISA level; contracts in linear_table.h.
#pragma once

#include "kernels/cpu/isa/linear_table.h"

namespace quire::kernels::QUIRE_ISA {

void dense_panel(const cpu::DensePanel& panel);
void affine_panel(const cpu::AffinePanel& panel);
void quantize_rows(const cpu::QuantizeRows& rows);

}  // namespace quire::kernels::QUIRE_ISA
