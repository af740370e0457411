// out = act(gate) * up, and its codes: a work-group per chunk of a row. After math.cl, gate.cl, quantize.cl.
__kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void gate_quantize(
    __global const float* gates, View gates_at, __global const float* ups, View ups_at,
    __global float* out, View out_at, uint kind, uint group, __global uint* codes,
    __global float2* steps) {
  __local uint largest[LANES];
  __local int sums[LANES];
  const uint lane = get_local_id(0), begin = get_group_id(0) * CHUNK;
  const size_t row = get_global_id(1);
  const float4 gate = chunk_of(gates + row_of(gates_at, row), begin, gates_at.cols, lane);
  const float4 up = chunk_of(ups + row_of(ups_at, row), begin, gates_at.cols, lane);
  const float4 values = (float4)(gated(gate.x, up.x, kind), gated(gate.y, up.y, kind),
                                 gated(gate.z, up.z, kind), gated(gate.w, up.w, kind));
  const uint k = begin + 4 * lane;
  if (k < gates_at.cols) vstore4(values, 0, out + row_of(out_at, row) + k);
  quantize_chunk(values, row, begin, gates_at.cols, group, lane, largest, sums, codes, steps);
}
