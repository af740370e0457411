// Slices of affine weights (BITS = 2, 3, 4, 5, 6 or 8): integer sums per group, which are exact in any
// order, then one multiply-add per group, groups in order. kernels/opencl/README.md has the layout.
#define SLICE 256
#define UNIT_WORDS (BITS * PANEL)

// The 8 quads of a unit (32 codes of one column): byte i of quad q is code 4 q + i.
void unpack(__global const uint* unit, uint* quads) {
#if BITS == 8
  for (int q = 0; q < 8; ++q) quads[q] = unit[q * PANEL];
#elif BITS == 2 || BITS == 3
  for (int q = 0; q < 8; ++q) quads[q] = (unit[q / 4 * PANEL] >> (2 * (q % 4))) & 0x03030303u;
#else
  for (int q = 0; q < 8; ++q) quads[q] = (unit[q / 2 * PANEL] >> (4 * (q % 2))) & 0x0f0f0f0fu;
#endif
#if BITS == 3
  const uint high = unit[2 * PANEL];
  for (int q = 0; q < 8; ++q) quads[q] |= ((high >> q) & 0x01010101u) << 2;
#elif BITS == 5
  const uint high = unit[4 * PANEL];
  for (int q = 0; q < 8; ++q) quads[q] |= ((high >> q) & 0x01010101u) << 4;
#elif BITS == 6
  for (int q = 0; q < 8; ++q) {
    quads[q] |= ((unit[(4 + q / 4) * PANEL] >> (2 * (q % 4))) & 0x03030303u) << 4;
  }
#endif
}

// Words of one panel.
size_t panel_words(LinearShape shape) {
  const uint values = shape.type == F32 ? 2 * PANEL : PANEL;
  return (size_t)(shape.depth / shape.group) * (values + shape.group / 32 * UNIT_WORDS);
}

// sums[r] = slice `slice` of the product of row first_row + r with the panel's `column`.
void slice_sums(Rows rows, LinearShape shape, __global const uint* panel, uint column, uint slice,
                float* sums) {
  const uint value_words = shape.type == F32 ? 2 * PANEL : PANEL;
  const uint units = shape.group / 32;
  const uint groups = shape.depth / shape.group;
  const uint first = slice * SLICE / shape.group;
  const uint end = min(first + SLICE / shape.group, groups);
  for (int r = 0; r < ROWS; ++r) sums[r] = 0.0f;
  for (uint g = first; g < end; ++g) {
    __global const uint* block = panel + (size_t)g * (value_words + units * UNIT_WORDS);
    const float scale = element_of(block, column, shape.type);
    const float bias = element_of(block, PANEL + column, shape.type);
    int dots[ROWS];
    for (int r = 0; r < ROWS; ++r) dots[r] = 0;
    for (uint u = 0; u < units; ++u) {
      uint quads[8];
      unpack(block + value_words + u * UNIT_WORDS + column, quads);
      for (int r = 0; r < ROWS; ++r) {
        const size_t row = min(rows.first + r, shape.rows - 1);
        __global const uint* x = rows.x + (row * shape.depth + g * shape.group + u * 32) / 4;
        const uint4 low = vload4(0, x), high = vload4(1, x);
        int dot = dots[r];
        dot = dot4(quads[0], low.x, dot);
        dot = dot4(quads[1], low.y, dot);
        dot = dot4(quads[2], low.z, dot);
        dot = dot4(quads[3], low.w, dot);
        dot = dot4(quads[4], high.x, dot);
        dot = dot4(quads[5], high.y, dot);
        dot = dot4(quads[6], high.z, dot);
        dots[r] = dot4(quads[7], high.w, dot);
      }
    }
    for (int r = 0; r < ROWS; ++r) {
      const size_t row = min(rows.first + r, shape.rows - 1);
      const float2 step = rows.steps[row * groups + g];
      sums[r] = fma(step.x, fma(scale, (float)dots[r], bias * step.y), sums[r]);
    }
  }
}
