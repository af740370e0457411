// Slices of dense weights (TYPE = F32, F16 or BF16): one chain of multiply-adds over even k, one over
// odd k, then even + odd.
#define SLICE 256

// k and k + 1 of a column.
float2 weight_pair(__global const uint* panel, uint k, uint column, uint depth) {
#if TYPE == F32
  const float odd = k + 1 < depth ? as_float(panel[(k + 1) * PANEL + column]) : 0.0f;
  return (float2)(as_float(panel[k * PANEL + column]), odd);
#else
  const size_t at = (size_t)(k / 2) * PANEL + column;
#if TYPE == F16
  return vload_half2(at, (__global const half*)panel);
#else
  return (float2)(bf16_low(panel[at]), bf16_high(panel[at]));
#endif
#endif
}

// Words of one panel; pairs of 16 bits are padded with a zero.
size_t panel_words(LinearShape shape) {
  return (size_t)(TYPE == F32 ? shape.depth : (shape.depth + 1) / 2) * PANEL;
}

void slice_sums(Rows rows, LinearShape shape, __global const uint* panel, uint column, uint slice,
                float* sums) {
  __global const float* x = (__global const float*)rows.x;
  const uint end = min(slice * SLICE + SLICE, shape.depth);
  float even[ROWS], odd[ROWS];
  for (int r = 0; r < ROWS; ++r) even[r] = odd[r] = 0.0f;
  for (uint k = slice * SLICE; k < end; k += 2) {
    const float2 w = weight_pair(panel, k, column, shape.depth);
    for (int r = 0; r < ROWS; ++r) {
      const size_t at = row_of(rows.at, min(rows.first + r, shape.rows - 1)) + k;
      even[r] = fma(x[at], w.x, even[r]);
      if (k + 1 < end) odd[r] = fma(x[at + 1], w.y, odd[r]);
    }
  }
  for (int r = 0; r < ROWS; ++r) sums[r] = even[r] + odd[r];
}
