// Rows of activations, a work-group per chunk. After quantize.cl.
__kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void quantize(
    __global const float* x, View x_at, uint group, __global uint* codes,
    __global float2* steps) {
  __local uint largest[LANES];
  __local int sums[LANES];
  const uint lane = get_local_id(0), begin = get_group_id(0) * CHUNK;
  const size_t row = get_global_id(1);
  const float4 values = chunk_of(x + row_of(x_at, row), begin, x_at.cols, lane);
  quantize_chunk(values, row, begin, x_at.cols, group, lane, largest, sums, codes, steps);
}
