// Attention over one partition of 256 positions for up to QUERIES query vectors that share a kv head.
// Every order is fixed by absolute positions:
//   score   even + odd chain over head_dim
//   sum     16 chains over 16 neighbouring positions each, then a chain over the 16
//   output  even + odd chain over the positions that the query sees
// Queries share what is read and nothing else. KV is the type of the cache.
#define POSITIONS 256
#define QUERIES 8
#define LANES 128
#define TOKENS 16
#define RUNS 16  // of POSITIONS / RUNS positions; LANES = QUERIES * RUNS

typedef struct {
  ulong block_words;  // of one block and layer
  uint kv_heads;
  uint heads_per_kv;
  uint head_dim;
  uint window;       // 0 = none
  uint first_item;   // of this launch, in the list of items
  uint tile_rows;    // most rows of a tile
  float scale;
} AttentionShape;

// [tile] of the step's rows: as written by cl_batch.cpp.
typedef struct {
  int first_row;
  int rows;
  int first_position;
  int table;       // where its block table begins in the ints
  int first_item;  // its item of partition 0
} Tile;

Tile tile_at(__global const int* tiles, int index) {
  Tile tile;
  tiles += index * 5;
  tile.first_row = tiles[0];
  tile.rows = tiles[1];
  tile.first_position = tiles[2];
  tile.table = tiles[3];
  tile.first_item = tiles[4];
  return tile;
}

// First position that a row at `position` sees.
int first_seen(int position, uint window) {
  return window == 0 ? 0 : max(0, position - (int)window + 1);
}

// Floats of one partial result: head_dim sums, the largest score, the sum of the weights.
uint record_floats(uint head_dim) {
  return head_dim + 2;
}

size_t record_at(AttentionShape shape, uint item, uint kv_head, uint query) {
  const size_t queries = (size_t)shape.tile_rows * shape.heads_per_kv;
  const size_t slot = (size_t)(item - shape.first_item) * shape.kv_heads + kv_head;
  return (slot * queries + query) * record_floats(shape.head_dim);
}
