// Activations to int8 codes: one work-item per row and group. steps[row][group] = step, sum of codes.
__kernel void quantize(__global const float* x, View x_at, uint group, __global uint* codes,
                       __global float2* steps) {
  const uint g = get_global_id(0);
  const size_t row = get_global_id(1);
  const uint groups = x_at.cols / group;
  if (g >= groups) return;
  __global const float* from = x + row_of(x_at, row) + g * group;
  uint largest = 0;
  for (uint i = 0; i < group; ++i) largest = max(largest, as_uint(from[i]) & 0x7fffffffu);
  const Steps step = steps_for(largest);
  __global uint* to = codes + (row * x_at.cols + g * group) / 4;
  int sum = 0;
  for (uint i = 0; i < group; i += 4) {
    const int a = code_of(from[i], step.inverse), b = code_of(from[i + 1], step.inverse);
    const int c = code_of(from[i + 2], step.inverse), d = code_of(from[i + 3], step.inverse);
    sum += a + b + c + d;
    to[i / 4] = (uint)(a & 0xff) | (uint)(b & 0xff) << 8 | (uint)(c & 0xff) << 16 |
                (uint)(d & 0xff) << 24;
  }
  steps[row * groups + g] = (float2)(step.step, (float)sum);
}
