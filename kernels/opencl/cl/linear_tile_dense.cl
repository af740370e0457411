// Dense weights for linear_tile.cl.

// k from `begin` on, pairs of k by the work-items in turn; zeros past the last one.
void stage_weights(Term term, LinearShape shape, uint begin, uint item, __local Floats* to) {
  const uint last_panel = (term.columns - 1) / PANEL;
  for (uint i = item; i < DEPTH / 2 * VECTORS; i += ITEMS) {
    const uint vector = i % VECTORS, k = begin + i / VECTORS * 2;
    const uint panel = min(term.panel + vector * COLUMNS / PANEL, last_panel);
    Floats even = (Floats)(0.0f), odd = (Floats)(0.0f);
    if (k < shape.depth) {
      weight_pair(term.weight + panel * panel_words(shape), k, vector * COLUMNS % PANEL,
                  shape.depth, &even, &odd);
    }
    to[i / VECTORS * 2 * VECTORS + vector] = even;
    to[(i / VECTORS * 2 + 1) * VECTORS + vector] = odd;
  }
}

// After the values of k below `done`.
void end_run(__global const uint* panel, uint column, __global const float2* steps,
               LinearShape shape, uint first_row, uint done, Sums* sums) {
  if (done % SLICE != 0 && done < shape.depth) return;
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    sums[r].total += products_of(&sums[r]);
    clear_products(&sums[r]);
  }
}
