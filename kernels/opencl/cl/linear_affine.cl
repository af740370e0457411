// Affine weights (BITS = 2, 3, 4, 5, 6 or 8): integer sums per group, which are exact in any order,
// then one multiply-add per group, groups in order. kernels/opencl/README.md has the layout.
#define UNIT_WORDS (BITS * PANEL)

// Quad q of a unit: byte i is code 4 q + i. `unit` points to the first of the columns.
Uints quad_of(__global const uint* unit, uint q) {
#if BITS == 8
  return words_at(unit + q * PANEL);
#elif BITS == 2 || BITS == 3
  const Uints low = (words_at(unit + q / 4 * PANEL) >> (2 * (q % 4))) & 0x03030303u;
#else
  const Uints low = (words_at(unit + q / 2 * PANEL) >> (4 * (q % 2))) & 0x0f0f0f0fu;
#endif
#if BITS == 2 || BITS == 4
  return low;
#elif BITS == 3
  return low | (((words_at(unit + 2 * PANEL) >> q) & 0x01010101u) << 2);
#elif BITS == 5
  return low | (((words_at(unit + 4 * PANEL) >> q) & 0x01010101u) << 4);
#elif BITS == 6
  return low | (((words_at(unit + (4 + q / 4) * PANEL) >> (2 * (q % 4))) & 0x03030303u) << 4);
#endif
}

// Byte i of every column as a float.
Floats byte_of(Uints quad, int i) {
  return VECTOR(convert_float)(VECTOR(as_int)((quad >> (8 * i)) & 0xffu));
}

uint value_words(LinearShape shape) {
  return shape.type == F32 ? 2 * PANEL : PANEL;
}

uint block_words(LinearShape shape) {
  return value_words(shape) + shape.group / 32 * UNIT_WORDS;
}

// Words of one panel.
size_t panel_words(LinearShape shape) {
  return (size_t)(shape.depth / shape.group) * block_words(shape);
}

// Scales (first = 0) or biases (first = PANEL) of the block's columns from `column` on.
Floats values_at(__global const uint* block, uint column, uint type) {
  if (type == F32) return *(__global const Floats*)(block + column);
  if (type == F16) return VECTOR(vload_half)(column / COLUMNS, (__global const half*)block);
  const Ushorts bits = *(__global const Ushorts*)((__global const ushort*)block + column);
  return VECTOR(as_float)(VECTOR(convert_uint)(bits) << 16);
}

// sum + step.x (scale dots + bias step.y).
Floats add_group(Floats sum, Floats dots, Floats scale, Floats bias, float2 step) {
  return fma((Floats)(step.x), fma(scale, dots, bias * step.y), sum);
}
