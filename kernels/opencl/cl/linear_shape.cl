// What the linear kernels share; before linear_affine.cl or linear_dense.cl. A work-item owns COLUMNS
// (1, 2, 4, 8 or 16) neighbouring columns of a panel as one vector; FLOATS says how affine weights meet
// the codes of activations: 0 as 4 x 8 bit dot products, 1 as multiply-adds of whole f32 numbers, which
// are as exact: no group's sum exceeds 128 * 255 * 127 < 2^24.
#define PANEL 32
#define SLICE 256

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if COLUMNS == 1
#define VECTOR(name) name
#else
#define VECTOR(name) JOIN(name, COLUMNS)
#endif
typedef VECTOR(float) Floats;
typedef VECTOR(int) Ints;
typedef VECTOR(uint) Uints;
typedef VECTOR(ushort) Ushorts;

// Up to three matrices of one format, applied to the same rows.
typedef struct {
  ulong out_offset[3];
  uint out_stride[3];
  uint columns[3];      // N of each
  uint first_panel[3];  // in the grid; past its end for a matrix that is not there
  uint rows;
  uint depth;  // K
  uint group;  // of affine weights
  uint type;   // of affine scales and biases
  uint unused;
} LinearShape;

typedef struct {
  __global const uint* weight;
  __global const float* bias;
  __global float* out;
  ulong offset;
  uint stride, columns;
  uint panel;  // of the matrix
} Term;

// Rows of a tile of few.
typedef struct {
  __global const uint* x;        // f32, or int8 codes without gaps: as f32 if FLOATS, else as bytes
  __global const float2* steps;  // of the codes
  View at;                       // of f32
  uint first;
} Rows;

// What panel `panel` of the grid belongs to.
Term term_of(uint panel, LinearShape shape, __global const uint* w0, __global const uint* w1,
             __global const uint* w2, __global const float* bias0, __global const float* bias1,
             __global const float* bias2, __global float* out0, __global float* out1,
             __global float* out2) {
  Term term;
  const uint t = panel >= shape.first_panel[2] ? 2 : panel >= shape.first_panel[1] ? 1 : 0;
  term.weight = t == 0 ? w0 : t == 1 ? w1 : w2;
  term.bias = t == 0 ? bias0 : t == 1 ? bias1 : bias2;
  term.out = t == 0 ? out0 : t == 1 ? out1 : out2;
  term.offset = t == 0 ? shape.out_offset[0] : t == 1 ? shape.out_offset[1] : shape.out_offset[2];
  term.stride = t == 0 ? shape.out_stride[0] : t == 1 ? shape.out_stride[1] : shape.out_stride[2];
  term.columns = t == 0 ? shape.columns[0] : t == 1 ? shape.columns[1] : shape.columns[2];
  term.panel = panel - (t == 0 ? 0 : t == 1 ? shape.first_panel[1] : shape.first_panel[2]);
  return term;
}

// Totals of a row and COLUMNS columns from `column` on, less those past the last one.
void store_columns(Term term, uint row, uint column, Floats totals) {
  union {
    Floats all;
    float each[COLUMNS];
  } values;
  values.all = totals;
  __global float* to = term.out + (size_t)term.offset + (size_t)row * term.stride + column;
  for (int c = 0; c < COLUMNS; ++c) {
    if (column + c < term.columns) {
      to[c] = term.bias == 0 ? values.each[c] : values.each[c] + term.bias[column + c];
    }
  }
}

// COLUMNS neighbouring words.
Uints words_at(__global const uint* from) {
  return *(__global const Uints*)from;
}

#if !FLOATS
int2 dot_each2(uint2 codes, uint x, int2 sum) {
  return (int2)(dot4(codes.x, x, sum.x), dot4(codes.y, x, sum.y));
}
int4 dot_each4(uint4 codes, uint x, int4 sum) {
  return (int4)(dot_each2(codes.lo, x, sum.lo), dot_each2(codes.hi, x, sum.hi));
}
int8 dot_each8(uint8 codes, uint x, int8 sum) {
  return (int8)(dot_each4(codes.lo, x, sum.lo), dot_each4(codes.hi, x, sum.hi));
}
int16 dot_each16(uint16 codes, uint x, int16 sum) {
  return (int16)(dot_each8(codes.lo, x, sum.lo), dot_each8(codes.hi, x, sum.hi));
}
int dot_each(uint codes, uint x, int sum) {
  return dot4(codes, x, sum);
}
#endif
