// out = act(gate) * up, one element each.
float gated(float x, float up, uint kind) {
  const float active = kind == 0 ? silu(x) : kind == 1 ? gelu(x) : gelu_tanh(x);
  return active * up;
}

__kernel void gate(__global const float* gates, View gates_at, __global const float* ups,
                   View ups_at, __global float* out, View out_at, uint kind) {
  const uint column = get_global_id(0);
  const size_t row = get_global_id(1);
  if (column >= gates_at.cols) return;
  out[row_of(out_at, row) + column] = gated(gates[row_of(gates_at, row) + column],
                                            ups[row_of(ups_at, row) + column], kind);
}
