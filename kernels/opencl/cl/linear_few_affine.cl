// Slices of affine weights for linear.cl.

// sums[r] = slice `slice` of the product of row r of the tile with the panel's columns.
void slice_sums(Rows rows, LinearShape shape, __global const uint* panel, uint column, uint slice,
                Floats* sums) {
  const uint groups = shape.depth / shape.group;
  const uint first = slice * SLICE / shape.group;
  const uint end = min(first + SLICE / shape.group, groups);
  for (int r = 0; r < ROWS; ++r) sums[r] = (Floats)(0.0f);
  for (uint g = first; g < end; ++g) {
    __global const uint* block = panel + (size_t)g * block_words(shape);
#if FLOATS
    Floats even[ROWS], odd[ROWS];
    for (int r = 0; r < ROWS; ++r) even[r] = odd[r] = (Floats)(0.0f);
#else
    Ints dots[ROWS];
    for (int r = 0; r < ROWS; ++r) dots[r] = (Ints)(0);
#endif
    for (uint u = 0; u < shape.group / 32; ++u) {
      __global const uint* unit = block + value_words(shape) + u * UNIT_WORDS + column;
      for (uint q = 0; q < 8; ++q) {
        const Uints quad = quad_of(unit, q);
        const uint k = g * shape.group + u * 32 + q * 4;
#if FLOATS
        const Floats w0 = byte_of(quad, 0), w1 = byte_of(quad, 1);
        const Floats w2 = byte_of(quad, 2), w3 = byte_of(quad, 3);
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
          const size_t row = min(rows.first + r, shape.rows - 1);
          __global const float* x = (__global const float*)rows.x + row * shape.depth + k;
          even[r] = fma((Floats)(x[0]), w0, even[r]);
          odd[r] = fma((Floats)(x[1]), w1, odd[r]);
          even[r] = fma((Floats)(x[2]), w2, even[r]);
          odd[r] = fma((Floats)(x[3]), w3, odd[r]);
        }
#else
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
          const size_t row = min(rows.first + r, shape.rows - 1);
          dots[r] = VECTOR(dot_each)(quad, rows.x[(row * shape.depth + k) / 4], dots[r]);
        }
#endif
      }
    }
    const Floats scale = values_at(block, column, shape.type);
    const Floats bias = values_at(block, PANEL + column, shape.type);
    for (int r = 0; r < ROWS; ++r) {
      const size_t row = min(rows.first + r, shape.rows - 1);
#if FLOATS
      const Floats whole = even[r] + odd[r];
#else
      const Floats whole = VECTOR(convert_float)(dots[r]);
#endif
      sums[r] = add_group(sums[r], whole, scale, bias, rows.steps[row * groups + g]);
    }
  }
}
