// out[r] = row ids[r] of a packed table, one element per work-item; any format.
#define PANEL 32

// Code k (0 .. 31) of one column of a unit: planes of width 8, 4, 2 or 1, low bits first.
uint code_at(__global const uint* unit, uint column, uint bits, uint k) {
  const uint quad = k / 4;
  uint code = 0, done = 0;
  while (done < bits) {
    const uint left = bits - done;
    const uint width = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const uint quads = 8 / width;
    const uint word = unit[(done + quad / quads) * PANEL + column];
    const uint mask = (1u << width) - 1;
    code |= ((word >> (8 * (k % 4) + width * (quad % quads))) & mask) << done;
    done += width;
  }
  return code;
}

// bits = 0: dense weights of `type`.
__kernel void embed(__global const uint* table, __global const int* ids, __global float* out,
                    View out_at, uint bits, uint group, uint type) {
  const uint k = get_global_id(0);
  const size_t row = get_global_id(1);
  const uint depth = out_at.cols;
  if (k >= depth) return;
  const uint panel = (uint)ids[row] / PANEL, column = (uint)ids[row] % PANEL;
  float value;
  if (bits == 0) {
    if (type == F32) {
      value = as_float(table[((size_t)panel * depth + k) * PANEL + column]);
    } else {
      const size_t word = ((size_t)panel * ((depth + 1) / 2) + k / 2) * PANEL + column;
      value = element_of(table, 2 * word + k % 2, type);
    }
  } else {
    const uint value_words = type == F32 ? 2 * PANEL : PANEL;
    const size_t block_words = value_words + group / 32 * bits * PANEL;
    __global const uint* block =
        table + ((size_t)panel * (depth / group) + k / group) * block_words;
    __global const uint* unit = block + value_words + k % group / 32 * bits * PANEL;
    const float code = (float)code_at(unit, column, bits, k % 32);
    value = fma(element_of(block, column, type), code, element_of(block, PANEL + column, type));
  }
  out[row_of(out_at, row) + k] = value;
}
