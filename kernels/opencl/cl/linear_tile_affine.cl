// Affine weights for linear_tile.cl.

// k from `begin` on, quads by the work-items in turn.
void stage_weights(Term term, LinearShape shape, uint begin, uint item, __local Elements* to) {
  const uint last_panel = (term.columns - 1) / PANEL;
  const uint quads = min((uint)DEPTH, shape.depth - begin) / 4;
  for (uint i = item; i < quads * VECTORS; i += ITEMS) {
    const uint vector = i % VECTORS, quad = i / VECTORS, k = begin + quad * 4;
    const uint panel = min(term.panel + vector * COLUMNS / PANEL, last_panel);
    __global const uint* unit = term.weight + panel * panel_words(shape) +
                                (size_t)(k / shape.group) * block_words(shape) +
                                value_words(shape) + k % shape.group / 32 * UNIT_WORDS;
    const Uints codes = quad_of(unit + vector * COLUMNS % PANEL, quad % 8);
#if FLOATS
    for (int b = 0; b < 4; ++b) to[(quad * 4 + b) * VECTORS + vector] = byte_of(codes, b);
#else
    to[i] = codes;
#endif
  }
}

// After the values of k below `done`: where a group ends, and where a slice ends.
void end_run(__global const uint* panel, uint column, __global const float2* steps,
               LinearShape shape, uint first_row, uint done, Sums* sums) {
  if (done % shape.group != 0) return;
  const uint g = done / shape.group - 1, groups = shape.depth / shape.group;
  __global const uint* block = panel + (size_t)g * block_words(shape);
  const Floats scale = values_at(block, column, shape.type);
  const Floats bias = values_at(block, PANEL + column, shape.type);
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    const size_t row = min(first_row + r * ITEM_ROWS, shape.rows - 1);
    sums[r].slice = add_group(sums[r].slice, products_of(&sums[r]), scale, bias,
                              steps[row * groups + g]);
    clear_products(&sums[r]);
  }
  if (done % SLICE != 0 && done < shape.depth) return;
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    sums[r].total += sums[r].slice;
    sums[r].slice = (Floats)(0.0f);
  }
}
