// The table of this ISA level: the only symbol of its namespace that baseline code refers to.
#include "kernels/cpu/isa/linear_kernels.h"
#include "kernels/cpu/isa/ops.h"

#define QUIRE_STRING_OF(text) #text
#define QUIRE_STRING(macro) QUIRE_STRING_OF(macro)

namespace quire::kernels::QUIRE_ISA {

extern const cpu::KernelTable kKernels;
const cpu::KernelTable kKernels = {
    .isa = QUIRE_STRING(QUIRE_ISA),
    .lanes = kLanes,
    .rms_norm = rms_norm,
    .gate = gate,
    .rope_store = rope_store,
    .attention = attention,
    .attention_piece = attention_piece,
    .attention_merge = attention_merge,
    .linear = {.dense_panel = dense_panel,
               .bf16_panel = bf16_panel,
               .code_order = kCodeOrder,
               .affine_panel = affine_panel,
               .affine_tiles = affine_tiles,
               .quantize_rows = kCodeOrder == cpu::CodeOrder::quads ? quantize_rows : nullptr,
               .pair_rows = pair_rows,
               .round_rows = round_rows,
               .panels = kPanels},
};

}  // namespace quire::kernels::QUIRE_ISA
