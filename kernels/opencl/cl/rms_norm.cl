// A work-group per row. Lane i sums the squares of elements i, i + LANES, ...; a tree adds the lanes.
// LANES is part of the order of the sum, therefore a constant and nothing to tune. QUANTIZE: the output is
// quantised on its way (after quantize.cl); its bits are those of the kernel without.
#ifdef QUANTIZE
#define rms_norm rms_norm_quantize
#else
#define LANES 256
#endif

__kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void rms_norm(
    __global float* residual, View residual_at, __global const float* delta, View delta_at,
    __global const float* gain, __global float* out, View out_at, float epsilon
#ifdef QUANTIZE
    ,
    uint group, __global uint* codes, __global float2* steps
#endif
) {
  __local float sums[LANES];
  const uint lane = get_local_id(0);
  const size_t row = get_group_id(0);
  const uint width = residual_at.cols;
  __global float* x = residual + row_of(residual_at, row);
  __global float* y = out + row_of(out_at, row);
  const size_t delta_row = row_of(delta_at, row);
  float sum = 0.0f;
  for (uint i = lane; i < width; i += LANES) {
    float value = x[i];
    if (delta != 0) {
      value += delta[delta_row + i];
      x[i] = value;
    }
    sum = fma(value, value, sum);
  }
  sums[lane] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint count = LANES / 2; count > 0; count /= 2) {
    if (lane < count) sums[lane] += sums[lane + count];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  const float inverse = 1.0f / sqrt(sums[0] / (float)width + epsilon);
  for (uint i = lane; i < width; i += LANES) y[i] = x[i] * inverse * gain[i];
#ifdef QUANTIZE
  __local uint largest[LANES];
  __local int codes_of_lanes[LANES];
  for (uint begin = 0; begin < width; begin += CHUNK) {
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);  // y, and the chunk before this
    quantize_chunk(chunk_of(y, begin, width, lane), row, begin, width, group, lane, largest,
                   codes_of_lanes, codes, steps);
  }
#endif
}
