// Shared by every program: placement of matrices, element types, the 4 x 8 bit dot product. No
// product is ever added with +, so that no compiler can fuse in one kernel what it leaves in another.
#pragma OPENCL FP_CONTRACT OFF

// Row-major f32; row r starts at offset + r * stride.
typedef struct {
  ulong offset;
  uint stride;
  uint cols;
} View;

#define F32 0
#define F16 1
#define BF16 2
#define INT8 3

size_t row_of(View view, size_t row) {
  return (size_t)view.offset + row * view.stride;
}

float bf16_low(uint word) {
  return as_float(word << 16);
}

float bf16_high(uint word) {
  return as_float(word & 0xffff0000u);
}

// To nearest, ties to even; a NaN stays a quiet NaN.
ushort bf16_from_f32(float value) {
  const uint bits = as_uint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (ushort)((bits >> 16) | 0x40u);
  return (ushort)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Element `index` of an array of `type` that starts at `from`.
float element_of(__global const uint* from, size_t index, uint type) {
  if (type == F32) return as_float(from[index]);
  if (type == F16) return vload_half(index, (__global const half*)from);
  return as_float((uint)((__global const ushort*)from)[index] << 16);
}

// sum + four products of unsigned codes with signed ones, exact.
#if DOT_PATH == 2
int dot4(uint codes, uint x, int sum) {
  int result;
  asm("dp4a.u32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(codes), "r"(x), "r"(sum));
  return result;
}
#elif DOT_PATH == 1
#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable
int dot4(uint codes, uint x, int sum) {
  return sum + dot_4x8packed_us_int(codes, x);
}
#else
int dot4(uint codes, uint x, int sum) {
  const char4 a = as_char4(x);
  return sum + (int)(codes & 0xffu) * a.x + (int)((codes >> 8) & 0xffu) * a.y +
         (int)((codes >> 16) & 0xffu) * a.z + (int)(codes >> 24) * a.w;
}
#endif

typedef struct {
  float step;     // value = code * step; NaN where a value is not finite
  float inverse;  // code = value * inverse, rounded; 0 where every code is 0
} Steps;

// For the bits of the largest magnitude. Below 2^-100 values count as zero, so that 127 / largest
// stays finite.
Steps steps_for(uint magnitude) {
  Steps steps;
  steps.step = 0.0f;
  steps.inverse = 0.0f;
  if (magnitude >= 0x7f800000u) {
    steps.step = NAN;
  } else if (magnitude >= (27u << 23)) {
    steps.step = as_float(magnitude) / 127.0f;
    steps.inverse = 127.0f / as_float(magnitude);
  }
  return steps;
}

// x * inverse to nearest, ties to even; 0 for inverse 0 whatever x is.
int code_of(float x, float inverse) {
  return inverse == 0.0f ? 0 : convert_int_rte(x * inverse);
}
