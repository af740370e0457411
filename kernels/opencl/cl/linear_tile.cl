// out = x W^T (+ bias) for many rows: a work-group computes ITEM_ROWS * ROWS rows of PANELS panels.
// DEPTH of K at a time, x and unpacked weights go through local memory; a work-item holds ROWS rows of
// COLUMNS columns and walks all of K, slice after slice, in the order of linear.cl: the same bits.
// Before this: linear_shape.cl; linear_affine.cl or linear_dense.cl; linear_tile_shape.cl;
// linear_tile_affine.cl or linear_tile_dense.cl.

// Rows from `first` on, k from `begin` on; zeros past the last k, which add nothing.
void stage_rows(__global const Element* x, View at, LinearShape shape, uint first, uint begin,
                uint item, __local Element* to) {
  const uint fours = DEPTH / STEP / 4;
  const uint depth = shape.depth / STEP;
  for (uint i = item; i < TILE_ROWS * fours; i += ITEMS) {
    const uint row = i / fours, k = begin / STEP + i % fours * 4;
    __global const Element* from = x + row_of(at, min(first + row, shape.rows - 1)) + k;
    __local Element* four = to + row * PITCH + i % fours * 4;
    if (k + 4 <= depth) {
      *(__local Element4*)four = vload4(0, from);
    } else {
      for (uint j = 0; j < 4; ++j) four[j] = k + j < depth ? from[j] : 0;
    }
  }
}

__kernel __attribute__((reqd_work_group_size(VECTORS, ITEM_ROWS, 1))) void linear_tile(
    __global const uint* x, View x_at, __global const float2* steps, __global const uint* w0,
    __global const uint* w1, __global const uint* w2, __global const float* bias0,
    __global const float* bias1, __global const float* bias2, __global float* out0,
    __global float* out1, __global float* out2, LinearShape shape) {
  __local Element4 rows[TILE_ROWS * PITCH / 4];
  __local Elements weights[DEPTH / STEP * VECTORS];
  const uint vector = get_local_id(0), item_row = get_local_id(1);
  const uint item = item_row * VECTORS + vector;
  const Term term = term_of(get_group_id(1) * PANELS, shape, w0, w1, w2, bias0, bias1, bias2, out0,
                            out1, out2);
  const uint first = get_group_id(0) * TILE_ROWS;
  const uint own_panel = term.panel + vector * COLUMNS / PANEL;
  const uint column = vector * COLUMNS % PANEL;
  // A tile may reach beyond the matrix: its last panel again, whose sums are not stored.
  __global const uint* panel =
      term.weight + min(own_panel, (term.columns - 1) / PANEL) * panel_words(shape);

  Sums sums[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    clear_products(&sums[r]);
    sums[r].slice = sums[r].total = (Floats)(0.0f);
  }
  for (uint begin = 0; begin < shape.depth; begin += DEPTH) {
    stage_rows((__global const Element*)x, x_at, shape, first, begin, item, (__local Element*)rows);
    stage_weights(term, shape, begin, item, weights);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = 0; k < DEPTH && begin + k < shape.depth; k += 32) {
      multiply((__local const Element*)rows + item_row * PITCH + k / STEP,
               weights + k / STEP * VECTORS + vector, sums);
      end_run(panel, column, steps, shape, first + item_row, begin + k + 32, sums);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    const uint row = first + item_row + r * ITEM_ROWS;
    if (row < shape.rows) store_columns(term, row, own_panel * PANEL + column, sums[r].total);
  }
}
