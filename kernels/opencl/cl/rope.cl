// Rotary angles, and rotation with the store of K and V. kernels/README.md has the picture of a tile.
#define LANES 64
#define TOKENS 16

// out [rows, 2 * half_dim]: cos of each pair's angle, then sin. The angle is an f32 product by
// definition.
__kernel void rope_angles(__global const int* positions, __global const float* inverse,
                          float magnitude, __global float* out, View out_at) {
  const uint i = get_global_id(0);
  const size_t row = get_global_id(1);
  const uint pairs = out_at.cols / 2;
  if (i >= pairs) return;
  const float angle = (float)positions[row] * inverse[i];
  __global float* to = out + row_of(out_at, row);
  to[i] = cos(angle) * magnitude;
  to[pairs + i] = sin(angle) * magnitude;
}

typedef struct {
  ulong block_words;  // of one block and layer
  uint heads;
  uint kv_heads;
  uint head_dim;
  uint rotary_dim;
  uint type;  // of the cache
  float norm_epsilon;
} RopeShape;

// Barriers stand in no branch: not every compiler follows a whole work-group into one.

// The factor x / rms(x) of one head in local memory; order as in rms_norm.cl, with LANES of its own.
float inverse_rms(__local const float* head, uint dim, float epsilon, __local float* sums) {
  const uint lane = get_local_id(0);
  float sum = 0.0f;
  for (uint d = lane; d < dim; d += LANES) sum = fma(head[d], head[d], sum);
  sums[lane] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint count = LANES / 2; count > 0; count /= 2) {
    if (lane < count) sums[lane] += sums[lane + count];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  return 1.0f / sqrt(sums[0] / (float)dim + epsilon);
}

// Pairs (i, i + rotary / 2).
void rotate_pairs(__local float* head, __global const float* angles, uint rotary) {
  const uint pairs = rotary / 2;
  for (uint i = get_local_id(0); i < pairs; i += LANES) {
    const float cosine = angles[i], sine = angles[pairs + i];
    const float a = head[i], b = head[pairs + i];
    head[i] = fma(a, cosine, -(b * sine));
    head[pairs + i] = fma(b, cosine, a * sine);
  }
}

// Bits of the largest magnitude of a head.
uint largest_magnitude(__local const float* head, uint dim, __local uint* largest) {
  const uint lane = get_local_id(0);
  uint own = 0;
  for (uint d = lane; d < dim; d += LANES) own = max(own, as_uint(head[d]) & 0x7fffffffu);
  largest[lane] = own;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint count = LANES / 2; count > 0; count /= 2) {
    if (lane < count) largest[lane] = max(largest[lane], largest[lane + count]);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  return largest[0];
}

// Where element d of the token in `slot` lies in a tile, in elements of the cache's type; `pack` of
// them share a 32-bit cell: neighbours in d for K, in slot for V.
uint tile_index(bool is_key, uint d, uint slot, uint dim, uint pack) {
  return is_key ? (d / pack * TOKENS + slot) * pack + d % pack
                : (slot / pack * dim + d) * pack + slot % pack;
}

void store_head(__local const float* head, uint dim, uint type, __global uint* tile, bool is_key,
                uint slot, Steps steps) {
  const uint lane = get_local_id(0);
  if (type == INT8) {
    __global char* codes = (__global char*)tile;
    for (uint d = lane; d < dim; d += LANES) {
      codes[tile_index(is_key, d, slot, dim, 4)] = (char)code_of(head[d], steps.inverse);
    }
    if (lane == 0) ((__global float*)tile)[dim / 4 * TOKENS + slot] = steps.step;
  } else if (type == BF16) {
    __global ushort* to = (__global ushort*)tile;
    for (uint d = lane; d < dim; d += LANES) {
      to[tile_index(is_key, d, slot, dim, 2)] = bf16_from_f32(head[d]);
    }
  } else {
    __global float* to = (__global float*)tile;
    for (uint d = lane; d < dim; d += LANES) to[tile_index(is_key, d, slot, dim, 1)] = head[d];
  }
}

// A work-group per row and head: heads of q, then of k, then of v. ints[row] is the position,
// ints[tables + row] where the row's block table begins.
__kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void rope_store(
    __global float* q, View q_at, __global float* k, View k_at, __global const float* v, View v_at,
    __global const float* angles, View angles_at, __global const float* q_gain,
    __global const float* k_gain, __global const int* ints, uint tables, __global uint* cache,
    __local float* head, RopeShape shape) {
  __local float sums[LANES];
  __local uint largest[LANES];
  const uint lane = get_local_id(0);
  const size_t row = get_group_id(0);
  const uint index = get_group_id(1);
  const uint dim = shape.head_dim;
  const bool is_query = index < shape.heads;
  const bool is_key = !is_query && index < shape.heads + shape.kv_heads;
  const uint own = is_query ? index
                   : is_key ? index - shape.heads
                            : index - shape.heads - shape.kv_heads;
  __global const float* from = is_query ? q + row_of(q_at, row)
                               : is_key ? k + row_of(k_at, row)
                                        : v + row_of(v_at, row);
  for (uint d = lane; d < dim; d += LANES) head[d] = from[own * dim + d];
  barrier(CLK_LOCAL_MEM_FENCE);

  __global const float* gain = is_query ? q_gain : is_key ? k_gain : 0;
  const float inverse = inverse_rms(head, dim, shape.norm_epsilon, sums);
  if (gain != 0) {
    for (uint d = lane; d < dim; d += LANES) head[d] = head[d] * inverse * gain[d];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (is_query || is_key) {
    rotate_pairs(head, angles + row_of(angles_at, row), shape.rotary_dim);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  const Steps steps = steps_for(largest_magnitude(head, dim, largest));
  if (is_query || is_key) {
    __global float* to = is_query ? q + row_of(q_at, row) : k + row_of(k_at, row);
    for (uint d = lane; d < dim; d += LANES) to[own * dim + d] = head[d];
  }
  if (!is_query) {
    const uint position = (uint)ints[row];
    const size_t block = (size_t)ints[ints[tables + row] + position / TOKENS];
    const size_t head_words = (size_t)shape.block_words / shape.kv_heads;
    __global uint* tile = cache + block * shape.block_words + own * head_words;
    if (!is_key) tile += head_words / 2;
    store_head(head, dim, shape.type, tile, is_key, position % TOKENS, steps);
  }
}
