// What the linear kernels share; before linear_affine.cl or linear_dense.cl.
#define PANEL 32

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
  __global const uint* x;        // f32, or int8 codes without gaps
  __global const float2* steps;  // of the codes
  View at;                       // of f32
  uint first;                    // row of the tile
} Rows;
