// Sizes and sums of linear_tile.cl; after linear_affine.cl or linear_dense.cl. An element of x and of a
// column is one value of k as f32, or a quad of codes for dot products.
#define VECTORS (PANELS * PANEL / COLUMNS)
#define ITEMS (VECTORS * ITEM_ROWS)
#define TILE_ROWS (ROWS * ITEM_ROWS)

#if FLOATS
#define STEP 1
typedef float Element;
typedef float4 Element4;
typedef Floats Elements;
#else
#define STEP 4
typedef uint Element;
typedef uint4 Element4;
typedef Uints Elements;
#endif
#define PITCH (DEPTH / STEP + 4)  // of staged x: rows begin at different banks, aligned to 16 bytes

// What a work-item adds up for one row.
typedef struct {
#if FLOATS
  Floats even, odd;  // chains since the last group or slice
#else
  Ints dots;  // since the last group
#endif
  Floats slice;  // groups of this slice
  Floats total;  // slices
} Sums;

void clear_products(Sums* sums) {
#if FLOATS
  sums->even = sums->odd = (Floats)(0.0f);
#else
  sums->dots = (Ints)(0);
#endif
}

// The products since clear_products.
Floats products_of(const Sums* sums) {
#if FLOATS
  return sums->even + sums->odd;
#else
  return VECTOR(convert_float)(sums->dots);
#endif
}

// 32 values of k. Row r of a work-item is r * ITEM_ROWS rows after its first.
void multiply(__local const Element* from, __local const Elements* w, Sums* sums) {
  for (uint k = 0; k < 32 / STEP; k += 4) {
    const Elements w0 = w[k * VECTORS], w1 = w[(k + 1) * VECTORS];
    const Elements w2 = w[(k + 2) * VECTORS], w3 = w[(k + 3) * VECTORS];
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      const Element4 x = *(__local const Element4*)(from + r * ITEM_ROWS * PITCH + k);
#if FLOATS
      sums[r].even = fma((Floats)(x.x), w0, sums[r].even);
      sums[r].odd = fma((Floats)(x.y), w1, sums[r].odd);
      sums[r].even = fma((Floats)(x.z), w2, sums[r].even);
      sums[r].odd = fma((Floats)(x.w), w3, sums[r].odd);
#else
      Ints dots = VECTOR(dot_each)(w0, x.x, sums[r].dots);
      dots = VECTOR(dot_each)(w1, x.y, dots);
      dots = VECTOR(dot_each)(w2, x.z, dots);
      sums[r].dots = VECTOR(dot_each)(w3, x.w, dots);
#endif
    }
  }
}
