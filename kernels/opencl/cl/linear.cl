// out = x W^T (+ bias): a work-group computes ROWS rows of a panel of 32 columns. K is cut into slices
// of SLICE; each lane of LANES computes slices of its own, and the slices' sums are added in ascending
// order. Neither ROWS nor LANES changes the order of any sum: they are what the tuner chooses.
// Before this: linear_shape.cl, then linear_affine.cl or linear_dense.cl.
#define OWNED ((ROWS + LANES - 1) / LANES)

__kernel __attribute__((reqd_work_group_size(PANEL, LANES, 1))) void linear(
    __global const uint* x, View x_at, __global const float2* steps, __global const uint* w0,
    __global const uint* w1, __global const uint* w2, __global const float* bias0,
    __global const float* bias1, __global const float* bias2, __global float* out0,
    __global float* out1, __global float* out2, LinearShape shape) {
  __local float parts[LANES * ROWS * PANEL];
  const uint column = get_local_id(0);
  const uint lane = get_local_id(1);
  uint panel = get_group_id(0);
  __global const uint* weight = w0;
  __global const float* bias = bias0;
  __global float* out = out0;
  ulong out_offset = shape.out_offset[0];
  uint out_stride = shape.out_stride[0];
  uint columns = shape.columns[0];
  if (panel >= shape.first_panel[2]) {
    panel -= shape.first_panel[2];
    weight = w2;
    bias = bias2;
    out = out2;
    out_offset = shape.out_offset[2];
    out_stride = shape.out_stride[2];
    columns = shape.columns[2];
  } else if (panel >= shape.first_panel[1]) {
    panel -= shape.first_panel[1];
    weight = w1;
    bias = bias1;
    out = out1;
    out_offset = shape.out_offset[1];
    out_stride = shape.out_stride[1];
    columns = shape.columns[1];
  }
  weight += panel * panel_words(shape);

  Rows rows;
  rows.x = x;
  rows.steps = steps;
  rows.at = x_at;
  rows.first = get_group_id(1) * ROWS;
  const uint slices = (shape.depth + SLICE - 1) / SLICE;
  float totals[OWNED];  // of rows lane, lane + LANES, ...
  for (int i = 0; i < OWNED; ++i) totals[i] = 0.0f;
  for (uint first = 0; first < slices; first += LANES) {
    if (first + lane < slices) {
      float sums[ROWS];
      slice_sums(rows, shape, weight, column, first + lane, sums);
      for (int r = 0; r < ROWS; ++r) parts[(lane * ROWS + r) * PANEL + column] = sums[r];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const uint count = min(slices - first, (uint)LANES);
    for (int i = 0; i < OWNED; ++i) {
      const uint row = lane + i * LANES;
      if (row < ROWS) {
        for (uint s = 0; s < count; ++s) totals[i] += parts[(s * ROWS + row) * PANEL + column];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  const uint n = panel * PANEL + column;
  for (int i = 0; i < OWNED; ++i) {
    const uint row = lane + i * LANES;
    if (row < ROWS && rows.first + row < shape.rows && n < columns) {
      const size_t at = (size_t)out_offset + (size_t)(rows.first + row) * out_stride + n;
      out[at] = bias == 0 ? totals[i] : totals[i] + bias[n];
    }
  }
}
