// The first of two kernels: one partition. After attention.cl.

// What one work-group computes; ranges are relative to the partition.
typedef struct {
  __global const int* table;   // block table from the partition's first block
  __global const uint* cache;  // of the kv head
  size_t block_words;
  uint head_words;
  uint dim;
  int begin, end;              // seen by some query
  int shared_begin, shared_end;  // seen by every query that sees anything
} Part;

__global const uint* tile_of(Part part, int p) {
  return part.cache + (size_t)part.table[p / TOKENS] * part.block_words;
}

// q . k of position p for every query; q [dim][QUERIES].
void dot_position(Part part, int p, __local const float* q, float* dots) {
  __global const uint* cells = tile_of(part, p) + p % TOKENS;
  float even[QUERIES], odd[QUERIES];
  for (int j = 0; j < QUERIES; ++j) even[j] = odd[j] = 0.0f;
#if KV == F32
  for (uint d = 0; d < part.dim; d += 2) {
    const float a = as_float(cells[d * TOKENS]), b = as_float(cells[(d + 1) * TOKENS]);
    for (int j = 0; j < QUERIES; ++j) {
      even[j] = fma(q[d * QUERIES + j], a, even[j]);
      odd[j] = fma(q[(d + 1) * QUERIES + j], b, odd[j]);
    }
  }
#elif KV == BF16
  for (uint d = 0; d < part.dim; d += 2) {
    const uint cell = cells[d / 2 * TOKENS];
    for (int j = 0; j < QUERIES; ++j) {
      even[j] = fma(q[d * QUERIES + j], bf16_low(cell), even[j]);
      odd[j] = fma(q[(d + 1) * QUERIES + j], bf16_high(cell), odd[j]);
    }
  }
#else
  for (uint d = 0; d < part.dim; d += 4) {
    const char4 codes = as_char4(cells[d / 4 * TOKENS]);
    for (int j = 0; j < QUERIES; ++j) {
      even[j] = fma(q[d * QUERIES + j], (float)codes.x, even[j]);
      odd[j] = fma(q[(d + 1) * QUERIES + j], (float)codes.y, odd[j]);
      even[j] = fma(q[(d + 2) * QUERIES + j], (float)codes.z, even[j]);
      odd[j] = fma(q[(d + 3) * QUERIES + j], (float)codes.w, odd[j]);
    }
  }
#endif
  for (int j = 0; j < QUERIES; ++j) dots[j] = even[j] + odd[j];
#if KV == INT8
  const float step = as_float(cells[part.dim / 4 * TOKENS]);
  for (int j = 0; j < QUERIES; ++j) dots[j] *= step;
#endif
}

// Values of positions p and p + 1 (p even) at dimension d, codes where the cache holds codes.
float2 value_pair(Part part, int p, uint d) {
  __global const uint* values = tile_of(part, p) + part.head_words / 2;
  const uint slot = p % TOKENS;
#if KV == F32
  return (float2)(as_float(values[slot * part.dim + d]), as_float(values[(slot + 1) * part.dim + d]));
#elif KV == BF16
  const uint cell = values[slot / 2 * part.dim + d];
  return (float2)(bf16_low(cell), bf16_high(cell));
#else
  const char4 codes = as_char4(values[slot / 4 * part.dim + d]);
  return slot % 4 == 0 ? (float2)((float)codes.x, (float)codes.y)
                       : (float2)((float)codes.z, (float)codes.w);
#endif
}

// sums[j] = sum over the positions that query j sees of weight * value.
void mix(Part part, uint d, __local const float* weights, __local const int* first,
         __local const int* last, float* sums) {
  float even[QUERIES], odd[QUERIES];
  for (int j = 0; j < QUERIES; ++j) even[j] = odd[j] = 0.0f;
  for (int p = part.begin & ~1; p < part.end; p += 2) {
    const float2 v = value_pair(part, p, d);
    if (p >= part.shared_begin && p + 1 < part.shared_end) {
      for (int j = 0; j < QUERIES; ++j) {
        even[j] = fma(weights[j * POSITIONS + p], v.x, even[j]);
        odd[j] = fma(weights[j * POSITIONS + p + 1], v.y, odd[j]);
      }
    } else {  // what a query does not see may hold anything, NaN included
      for (int j = 0; j < QUERIES; ++j) {
        if (p >= first[j] && p < last[j]) {
          even[j] = fma(weights[j * POSITIONS + p], v.x, even[j]);
        }
        if (p + 1 >= first[j] && p + 1 < last[j]) {
          odd[j] = fma(weights[j * POSITIONS + p + 1], v.y, odd[j]);
        }
      }
    }
  }
  for (int j = 0; j < QUERIES; ++j) sums[j] = even[j] + odd[j];
}

// Barriers stand in no branch, and no work-item returns before the last one: a group that has nothing
// to do runs through.
// Grid: items of the launch, kv heads, batches of QUERIES queries of a tile.
__kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void attention(
    __global const float* q, View q_at, __global const uint* cache, __global const int* ints,
    uint tiles, uint items, __global float* out, View out_at, __global float* partials,
    __local float* query, AttentionShape shape) {
  __local float scores[QUERIES * POSITIONS];
  __local float run_values[LANES];
  __local float largest[QUERIES], total[QUERIES];
  __local int first[QUERIES], last[QUERIES];
  const uint lane = get_local_id(0);
  const uint item = shape.first_item + get_group_id(0);
  const uint kv_head = get_group_id(1);
  const int first_query = get_group_id(2) * QUERIES;
  const Tile tile = tile_at(ints + tiles, ints[items + 2 * item]);
  const int base = ints[items + 2 * item + 1] * POSITIONS;
  const int count = min(tile.rows * (int)shape.heads_per_kv - first_query, QUERIES);

  for (uint i = lane; i < shape.head_dim * QUERIES; i += LANES) {
    const int j = i % QUERIES;
    const int index = min(first_query + j, tile.rows * (int)shape.heads_per_kv - 1);
    const size_t row = tile.first_row + index / shape.heads_per_kv;
    const uint head = kv_head * shape.heads_per_kv + index % shape.heads_per_kv;
    query[i] = q[row_of(q_at, row) + head * shape.head_dim + i / QUERIES];
  }
  if (lane < QUERIES) {
    const int position = tile.first_position + (first_query + (int)lane) / (int)shape.heads_per_kv;
    first[lane] = max(first_seen(position, shape.window) - base, 0);
    last[lane] = (int)lane < count ? min(position + 1 - base, POSITIONS) : 0;
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  Part part;
  part.table = ints + tile.table + base / TOKENS;
  part.head_words = (uint)(shape.block_words / shape.kv_heads);
  part.cache = cache + (size_t)kv_head * part.head_words;
  part.block_words = shape.block_words;
  part.dim = shape.head_dim;
  part.begin = part.shared_end = POSITIONS;
  part.end = part.shared_begin = 0;
  for (int j = 0; j < QUERIES; ++j) {
    if (first[j] >= last[j]) continue;
    part.begin = min(part.begin, first[j]);
    part.shared_begin = max(part.shared_begin, first[j]);
    part.end = max(part.end, last[j]);
    part.shared_end = min(part.shared_end, last[j]);
  }

  for (int p = lane; p < POSITIONS; p += LANES) {
    float dots[QUERIES];
    const bool seen = p >= part.begin && p < part.end;
    if (seen) dot_position(part, p, query, dots);
    for (int j = 0; j < QUERIES; ++j) {
      const bool own = seen && p >= first[j] && p < last[j];
      scores[j * POSITIONS + p] = own ? dots[j] * shape.scale : -INFINITY;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  // Lane = (query, run of neighbouring positions).
  const uint own = lane / RUNS;
  __local float* run = scores + own * POSITIONS + lane % RUNS * (POSITIONS / RUNS);
  float most = -INFINITY;
  for (int i = 0; i < POSITIONS / RUNS; ++i) most = fmax(most, run[i]);
  run_values[lane] = most;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < RUNS; ++i) most = fmax(most, run_values[own * RUNS + i]);
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = 0.0f;
  for (int i = 0; i < POSITIONS / RUNS; ++i) {
    const float weight = exp_f32(run[i] - most);
    sum += weight;
#if KV == INT8
    const int p = lane % RUNS * (POSITIONS / RUNS) + i;
    float step = 0.0f;
    if (p >= first[own] && p < last[own]) {
      step = as_float(tile_of(part, p)[part.head_words / 2 + part.dim / 4 * TOKENS + p % TOKENS]);
    }
    run[i] = weight * step;
#else
    run[i] = weight;
#endif
  }
  run_values[lane] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (lane % RUNS == 0) {
    float all = 0.0f;
    for (int i = 0; i < RUNS; ++i) all += run_values[own * RUNS + i];
    largest[own] = most;
    total[own] = all;
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  for (uint d = lane; d < shape.head_dim; d += LANES) {
    float sums[QUERIES];
    mix(part, d, scores, first, last, sums);
    for (int j = 0; j < count; ++j) {
      if (first[j] >= last[j]) continue;
      const int index = first_query + j;
      const int in_tile = index / (int)shape.heads_per_kv;
      const int position = tile.first_position + in_tile;
      const bool alone = first_seen(position, shape.window) / POSITIONS == position / POSITIONS;
      if (alone) {  // the bits of attention_merge with one partition: 0 + 1 * sum
        const uint head = kv_head * shape.heads_per_kv + index % shape.heads_per_kv;
        out[row_of(out_at, (size_t)(tile.first_row + in_tile)) + head * shape.head_dim + d] =
            (0.0f + sums[j]) / (0.0f + total[j]);
      } else {
        __global float* record = partials + record_at(shape, item, kv_head, index);
        record[d] = sums[j];
        if (d == 0) {
          record[shape.head_dim] = largest[j];
          record[shape.head_dim + 1] = total[j];
        }
      }
    }
  }
}
