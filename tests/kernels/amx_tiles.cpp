#include "tests/kernels/amx_tiles.h"

#include <immintrin.h>

#include <cstring>

namespace quire::kernels::emulation {
namespace {

/// Denormals as zero on both sides and every exception masked, whatever the caller had.
class FlushedDenormals {
 public:
  FlushedDenormals() : before_(_mm_getcsr()) { _mm_setcsr(0x9fc0); }
  ~FlushedDenormals() { _mm_setcsr(before_); }
  FlushedDenormals(const FlushedDenormals&) = delete;
  FlushedDenormals& operator=(const FlushedDenormals&) = delete;

 private:
  unsigned before_;
};

bool all_zero(const void* from, std::size_t bytes) {
  const auto* byte = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (byte[i] != 0) return false;
  }
  return true;
}

const char* check(const TileConfig& config) {
  if (config.palette > 1) return "ldtilecfg: only palettes 0 and 1 exist";
  if (config.palette == 0) return nullptr;
  if (!all_zero(config.reserved, sizeof config.reserved)) {
    return "ldtilecfg: reserved bytes are set";
  }
  if (!all_zero(config.row_bytes + kTiles, kTiles * sizeof(std::uint16_t)) ||
      !all_zero(config.rows + kTiles, kTiles)) {
    return "ldtilecfg: only tiles 0 to 7 exist";
  }
  for (int t = 0; t < kTiles; ++t) {
    if (config.row_bytes[t] > kTileRowBytes) return "ldtilecfg: a row has at most 64 bytes";
    if (config.rows[t] > kTileRows) return "ldtilecfg: a tile has at most 16 rows";
    if ((config.rows[t] == 0) != (config.row_bytes[t] == 0)) {
      return "ldtilecfg: a tile has rows without bytes, or bytes without rows";
    }
  }
  return nullptr;
}

const char* load_configuration(Memory memory, Tiles& tiles) {
  TileConfig config;
  static_assert(sizeof config == 64);
  std::memcpy(&config, memory.first, sizeof config);
  if (const char* broken = check(config)) return broken;
  tiles = Tiles{};
  if (config.palette != 0) tiles.config = config;
  return nullptr;
}

const char* check_tile(const Tiles& tiles, int tile) {
  if (tiles.config.palette == 0) return "tiles are not configured";
  if (tiles.config.rows[tile] == 0) return "a tile has no shape";
  return nullptr;
}

const char* load(const Instruction& instruction, Memory memory, Tiles& tiles) {
  if (const char* broken = check_tile(tiles, instruction.first)) return broken;
  auto& tile = tiles.of[instruction.first];
  const std::size_t bytes = tiles.config.row_bytes[instruction.first];
  std::memset(tile, 0, sizeof tile);
  for (int r = tiles.config.start_row; r < tiles.config.rows[instruction.first]; ++r) {
    std::memcpy(tile[r], memory.first + r * memory.stride, bytes);
  }
  tiles.config.start_row = 0;
  return nullptr;
}

const char* store(const Instruction& instruction, Memory memory, Tiles& tiles) {
  if (const char* broken = check_tile(tiles, instruction.first)) return broken;
  const std::size_t bytes = tiles.config.row_bytes[instruction.first];
  for (int r = tiles.config.start_row; r < tiles.config.rows[instruction.first]; ++r) {
    std::memcpy(memory.first + r * memory.stride, tiles.of[instruction.first][r], bytes);
  }
  tiles.config.start_row = 0;
  return nullptr;
}

/// C [rows x columns] += A [rows x depth] B [depth x columns], in elements of 4 bytes.
struct Product {
  int rows;
  int depth;
  int columns;
  const std::byte (*a)[kTileRowBytes];
  const std::byte (*b)[kTileRowBytes];
  std::byte (*c)[kTileRowBytes];
};

const char* check_product(const Instruction& instruction, const Tiles& tiles) {
  const int c = instruction.first;
  const int a = instruction.second;
  const int b = instruction.third;
  for (const int tile : {c, a, b}) {
    if (const char* broken = check_tile(tiles, tile)) return broken;
    if (tiles.config.row_bytes[tile] % 4 != 0) return "a product's rows are whole elements";
  }
  if (c == a || c == b || a == b) return "a product names three different tiles";
  if (tiles.config.start_row != 0) return "a product starts at row 0";
  if (tiles.config.rows[c] != tiles.config.rows[a]) return "a product has as many rows as A";
  if (tiles.config.row_bytes[c] != tiles.config.row_bytes[b]) {
    return "a product has as many columns as B";
  }
  if (tiles.config.row_bytes[a] / 4 != tiles.config.rows[b]) return "A is as wide as B is deep";
  return nullptr;
}

Product product_of(const Instruction& instruction, Tiles& tiles) {
  return {.rows = tiles.config.rows[instruction.first],
          .depth = tiles.config.rows[instruction.third],
          .columns = tiles.config.row_bytes[instruction.first] / 4,
          .a = tiles.of[instruction.second],
          .b = tiles.of[instruction.third],
          .c = tiles.of[instruction.first]};
}

using F32 = float __attribute__((vector_size(kTileRowBytes)));
using U32 = std::uint32_t __attribute__((vector_size(kTileRowBytes)));

/// The even or odd bf16 of every pair, as f32.
__attribute__((target("avx512f"))) inline F32 even_of(U32 pairs) {
  return (F32)(pairs << 16);
}
__attribute__((target("avx512f"))) inline F32 odd_of(U32 pairs) {
  return (F32)(pairs & 0xffff0000U);
}

/// Per row: one chain of multiply-adds over the even elements of the pairs and one over the odd,
/// from zero; their sum is added to C. Rows are zero past their configured width, so lanes are too.
__attribute__((target("avx512f"))) void multiply_bf16(const Product& product) {
  const FlushedDenormals flushed;
  for (int m = 0; m < product.rows; ++m) {
    F32 even{};
    F32 odd{};
    for (int k = 0; k < product.depth; ++k) {
      std::uint32_t pair = 0;
      U32 row;
      std::memcpy(&pair, product.a[m] + 4 * k, sizeof pair);
      std::memcpy(&row, product.b[k], sizeof row);
      const U32 pairs = pair - U32{};
      even = (F32)_mm512_fmadd_ps((__m512)even_of(pairs), (__m512)even_of(row), (__m512)even);
      odd = (F32)_mm512_fmadd_ps((__m512)odd_of(pairs), (__m512)odd_of(row), (__m512)odd);
    }
    F32 sum;
    std::memcpy(&sum, product.c[m], sizeof sum);
    sum = sum + (even + odd);
    std::memcpy(product.c[m], &sum, static_cast<std::size_t>(product.columns) * 4);
  }
}

/// Sums of products of bytes, modulo 2^32.
template <class A, class B>
void multiply_bytes(const Product& product) {
  for (int m = 0; m < product.rows; ++m) {
    for (int n = 0; n < product.columns; ++n) {
      std::uint32_t sum = 0;
      std::memcpy(&sum, product.c[m] + 4 * n, sizeof sum);
      for (int i = 0; i < 4 * product.depth; ++i) {
        const int a = static_cast<A>(product.a[m][i]);
        const int b = static_cast<B>(product.b[i / 4][4 * n + i % 4]);
        sum += static_cast<std::uint32_t>(a * b);
      }
      std::memcpy(product.c[m] + 4 * n, &sum, sizeof sum);
    }
  }
}

const char* multiply(const Instruction& instruction, Tiles& tiles) {
  if (const char* broken = check_product(instruction, tiles)) return broken;
  const Product product = product_of(instruction, tiles);
  switch (instruction.operation) {
    case Operation::tdpbssd:
      multiply_bytes<std::int8_t, std::int8_t>(product);
      break;
    case Operation::tdpbsud:
      multiply_bytes<std::int8_t, std::uint8_t>(product);
      break;
    case Operation::tdpbusd:
      multiply_bytes<std::uint8_t, std::int8_t>(product);
      break;
    case Operation::tdpbuud:
      multiply_bytes<std::uint8_t, std::uint8_t>(product);
      break;
    default:
      multiply_bf16(product);
      break;
  }
  // Rows past the configured ones become zero.
  std::memset(product.c + product.rows, 0,
              static_cast<std::size_t>(kTileRows - product.rows) * kTileRowBytes);
  return nullptr;
}

}  // namespace

bool can_execute() {
  return __builtin_cpu_supports("avx512f") != 0;
}

const char* execute(const Instruction& instruction, Memory memory, Tiles& tiles) {
  switch (instruction.operation) {
    case Operation::ldtilecfg:
      return load_configuration(memory, tiles);
    case Operation::sttilecfg:
      std::memcpy(memory.first, &tiles.config, sizeof tiles.config);
      return nullptr;
    case Operation::tilerelease:
      tiles = Tiles{};
      return nullptr;
    case Operation::tilezero:
      if (const char* broken = check_tile(tiles, instruction.first)) return broken;
      std::memset(tiles.of[instruction.first], 0, sizeof tiles.of[instruction.first]);
      return nullptr;
    case Operation::tileload:
      return load(instruction, memory, tiles);
    case Operation::tilestored:
      return store(instruction, memory, tiles);
    default:
      return multiply(instruction, tiles);
  }
}

}  // namespace quire::kernels::emulation
