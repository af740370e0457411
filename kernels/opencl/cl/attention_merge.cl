// The second of two kernels: merges the partitions of rows that see more than one, ascending. After
// attention.cl. Grid: dimension, head, tile * tile_rows + row of the tile.
__kernel void attention_merge(__global const float* partials, __global const int* ints, uint tiles,
                              uint first_tile, __global float* out, View out_at,
                              AttentionShape shape) {
  const uint d = get_global_id(0);
  const uint head = get_global_id(1);
  const int in_tile = get_global_id(2) % shape.tile_rows;
  const Tile tile = tile_at(ints + tiles, first_tile + get_global_id(2) / shape.tile_rows);
  if (d >= shape.head_dim || in_tile >= tile.rows) return;
  const int position = tile.first_position + in_tile;
  const int begin = first_seen(position, shape.window) / POSITIONS;
  const int end = position / POSITIONS + 1;
  if (begin + 1 == end) return;
  const uint dim = shape.head_dim;
  const uint kv_head = head / shape.heads_per_kv;
  const uint query = in_tile * shape.heads_per_kv + head % shape.heads_per_kv;
  const size_t first = record_at(shape, tile.first_item + begin, kv_head, query);
  const size_t next = (size_t)shape.kv_heads * shape.tile_rows * shape.heads_per_kv *
                      record_floats(dim);  // from a partition's record to the next one's
  __global const float* record = partials + first;
  float largest = -INFINITY;
  for (int i = begin; i < end; ++i, record += next) largest = fmax(largest, record[dim]);
  record = partials + first;
  float sum = 0.0f, total = 0.0f;
  for (int i = begin; i < end; ++i, record += next) {
    const float weight = exp_f32(record[dim] - largest);
    sum = fma(record[d], weight, sum);
    total = fma(record[dim + 1], weight, total);
  }
  out[row_of(out_at, (size_t)(tile.first_row + in_tile)) + head * dim + d] = sum / total;
}
