// out = x W^T (+ bias) for few rows: a work-group computes ROWS rows of a panel of 32 columns. K is cut
// into slices of SLICE; each lane of LANES computes slices of its own, and the slices' sums are added in
// ascending order. Neither ROWS, LANES nor COLUMNS changes the order of any sum: they are what the tuner
// chooses. Before this: linear_shape.cl; linear_affine.cl and linear_few_affine.cl, or linear_dense.cl
// and linear_few_dense.cl.
#define OWNED ((ROWS + LANES - 1) / LANES)
#define VECTORS (PANEL / COLUMNS)

__kernel __attribute__((reqd_work_group_size(VECTORS, LANES, 1))) void linear(
    __global const uint* x, View x_at, __global const float2* steps, __global const uint* w0,
    __global const uint* w1, __global const uint* w2, __global const float* bias0,
    __global const float* bias1, __global const float* bias2, __global float* out0,
    __global float* out1, __global float* out2, LinearShape shape) {
  __local Floats parts[LANES * ROWS * VECTORS];
  const uint vector = get_local_id(0), column = vector * COLUMNS;
  const uint lane = get_local_id(1);
  const Term term = term_of(get_group_id(1), shape, w0, w1, w2, bias0, bias1, bias2, out0, out1,
                            out2);
  __global const uint* panel = term.weight + term.panel * panel_words(shape);

  Rows rows;
  rows.x = x;
  rows.steps = steps;
  rows.at = x_at;
  rows.first = get_group_id(0) * ROWS;
  const uint slices = (shape.depth + SLICE - 1) / SLICE;
  Floats totals[OWNED];  // of rows lane, lane + LANES, ...
  for (int i = 0; i < OWNED; ++i) totals[i] = (Floats)(0.0f);
  for (uint first = 0; first < slices; first += LANES) {
    if (first + lane < slices) {
      Floats sums[ROWS];
      slice_sums(rows, shape, panel, column, first + lane, sums);
      for (int r = 0; r < ROWS; ++r) parts[(lane * ROWS + r) * VECTORS + vector] = sums[r];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const uint count = min(slices - first, (uint)LANES);
    for (int i = 0; i < OWNED; ++i) {
      const uint row = lane + i * LANES;
      if (row < ROWS) {
        for (uint s = 0; s < count; ++s) totals[i] += parts[(s * ROWS + row) * VECTORS + vector];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  for (int i = 0; i < OWNED; ++i) {
    const uint row = lane + i * LANES;
    if (row < ROWS && rows.first + row < shape.rows) {
      store_columns(term, rows.first + row, term.panel * PANEL + column, totals[i]);
    }
  }
}
