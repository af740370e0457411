// Dense weights (TYPE = F32, F16 or BF16): in a slice one chain of multiply-adds over even k, one over
// odd k, then even + odd.

// k (even) and k + 1 of the columns from `column` on; 0 past the end.
void weight_pair(__global const uint* panel, uint k, uint column, uint depth, Floats* even,
                 Floats* odd) {
#if TYPE == F32
  __global const uint* from = panel + (size_t)k * PANEL + column;
  *even = VECTOR(as_float)(words_at(from));
  *odd = k + 1 < depth ? VECTOR(as_float)(words_at(from + PANEL)) : (Floats)(0.0f);
#else
  __global const uint* from = panel + (size_t)(k / 2) * PANEL + column;
#if TYPE == BF16
  const Uints words = words_at(from);
  *even = VECTOR(as_float)(words << 16);
  *odd = VECTOR(as_float)(words & 0xffff0000u);
#elif COLUMNS == 1
  const float2 both = vload_half2(0, (__global const half*)from);
  *even = both.x;
  *odd = both.y;
#elif COLUMNS == 16
  const float16 first = vload_half16(0, (__global const half*)from);
  const float16 second = vload_half16(1, (__global const half*)from);
  *even = (float16)(first.even, second.even);
  *odd = (float16)(first.odd, second.odd);
#else
#if COLUMNS == 2
  const float4 both = vload_half4(0, (__global const half*)from);
#elif COLUMNS == 4
  const float8 both = vload_half8(0, (__global const half*)from);
#else
  const float16 both = vload_half16(0, (__global const half*)from);
#endif
  *even = both.even;
  *odd = both.odd;
#endif
#endif
}

// Words of one panel; pairs of 16 bits are padded with a zero.
size_t panel_words(LinearShape shape) {
  return (size_t)(TYPE == F32 ? shape.depth : (shape.depth + 1) / 2) * PANEL;
}
