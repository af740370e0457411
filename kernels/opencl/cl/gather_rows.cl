// out[i] = x[rows[i]].
__kernel void gather_rows(__global const float* x, View x_at, __global const int* rows,
                          __global float* out, View out_at) {
  const uint column = get_global_id(0);
  const size_t i = get_global_id(1);
  if (column >= out_at.cols) return;
  out[row_of(out_at, i) + column] = x[row_of(x_at, (size_t)rows[i]) + column];
}
