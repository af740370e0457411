// Slices of dense weights for linear.cl.

void slice_sums(Rows rows, LinearShape shape, __global const uint* panel, uint column, uint slice,
                Floats* sums) {
  __global const float* x = (__global const float*)rows.x;
  const uint end = min(slice * SLICE + SLICE, shape.depth);
  Floats even[ROWS], odd[ROWS];
  for (int r = 0; r < ROWS; ++r) even[r] = odd[r] = (Floats)(0.0f);
  uint k = slice * SLICE;
  for (; k + 1 < end; k += 2) {
    Floats w0, w1;
    weight_pair(panel, k, column, shape.depth, &w0, &w1);
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      const size_t at = row_of(rows.at, min(rows.first + r, shape.rows - 1)) + k;
      even[r] = fma((Floats)(x[at]), w0, even[r]);
      odd[r] = fma((Floats)(x[at + 1]), w1, odd[r]);
    }
  }
  if (k < end) {
    Floats w0, w1;
    weight_pair(panel, k, column, shape.depth, &w0, &w1);
    for (int r = 0; r < ROWS; ++r) {
      const size_t at = row_of(rows.at, min(rows.first + r, shape.rows - 1)) + k;
      even[r] = fma((Floats)(x[at]), w0, even[r]);
    }
  }
  for (int r = 0; r < ROWS; ++r) sums[r] = even[r] + odd[r];
}
