// Activations to int8 codes, alone or by the kernel that makes them (rms_norm, gate): a work-item takes 4
// values, those of a group share their maximum and their sum through local memory. After common.cl;
// FLOATS: a code is stored as f32, else as a byte. steps[row][group] = step, sum of codes.
#define LANES 256
#define CHUNK (4 * LANES)  // values of one row that a work-group quantises at once

// Values 4 * lane ... of a chunk that begins at column `begin` of `row`; those past `cols` are 0. Called by
// every lane: it has barriers.
void quantize_chunk(float4 values, size_t row, uint begin, uint cols, uint group, uint lane,
                    __local uint* largest, __local int* sums, __global uint* codes,
                    __global float2* steps) {
  const uint4 bits = as_uint4(values) & 0x7fffffffu;
  largest[lane] = max(max(bits.x, bits.y), max(bits.z, bits.w));
  barrier(CLK_LOCAL_MEM_FENCE);
  const uint lanes = group / 4, first = lane / lanes * lanes;
  uint magnitude = 0;
  for (uint i = 0; i < lanes; ++i) magnitude = max(magnitude, largest[first + i]);
  const Steps step = steps_for(magnitude);
  const int a = code_of(values.x, step.inverse), b = code_of(values.y, step.inverse);
  const int c = code_of(values.z, step.inverse), d = code_of(values.w, step.inverse);
  const uint k = begin + 4 * lane;
  if (k < cols) {
    const size_t at = row * cols + k;
#if FLOATS
    vstore4((float4)(a, b, c, d), 0, (__global float*)codes + at);
#else
    codes[at / 4] = (uint)(a & 0xff) | (uint)(b & 0xff) << 8 | (uint)(c & 0xff) << 16 |
                    (uint)(d & 0xff) << 24;
#endif
  }
  sums[lane] = a + b + c + d;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (k < cols && lane == first) {
    int sum = 0;
    for (uint i = 0; i < lanes; ++i) sum += sums[first + i];
    steps[row * (cols / group) + k / group] = (float2)(step.step, (float)sum);
  }
}

// Values begin + 4 * lane ... of a row; 0 past its end.
float4 chunk_of(__global const float* row, uint begin, uint cols, uint lane) {
  const uint k = begin + 4 * lane;
  return k < cols ? vload4(0, row + k) : (float4)(0.0f);
}
