// The AMX emulator of these tests: its arithmetic against scalar loops, and whole instruction
// sequences against the hardware where there is one.
#include "tests/kernels/amx_emulator.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace quire::kernels::emulation {
namespace {

Instruction tile_memory(Operation operation, int tile, Address address) {
  return {.operation = operation, .length = 0, .first = tile, .second = 0, .third = 0,
          .address = address};
}

Instruction product(Operation operation, int c, int a, int b) {
  return {.operation = operation, .length = 0, .first = c, .second = a, .third = b, .address = {}};
}

/// Full tiles of arbitrary bytes: as bf16 of moderate size, or as int8.
using Bytes = std::array<std::byte, kTileRows * kTileRowBytes>;

Bytes random_bf16(std::mt19937& random) {
  Bytes bytes;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto value = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
    const auto half = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
    std::memcpy(bytes.data() + i, &half, sizeof half);
  }
  return bytes;
}

Bytes random_f32(std::mt19937& random) {
  Bytes bytes;
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const auto value = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
    std::memcpy(bytes.data() + i, &value, sizeof value);
  }
  return bytes;
}

Bytes random_bytes(std::mt19937& random) {
  Bytes bytes;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// Tile shapes: C [rows, columns], A [rows, depth], B [depth, columns] in elements of 4 bytes.
struct Shape {
  std::uint8_t rows = kTileRows;
  std::uint8_t depth = kTileRows;
  std::uint8_t columns = kTileRowBytes / 4;
};

constexpr TileConfig config_of(Shape shape) {
  TileConfig config;
  config.palette = 1;
  config.rows[0] = config.rows[1] = shape.rows;
  config.rows[2] = shape.depth;
  config.row_bytes[0] = config.row_bytes[2] = static_cast<std::uint16_t>(4 * shape.columns);
  config.row_bytes[1] = static_cast<std::uint16_t>(4 * shape.depth);
  return config;
}

/// Tiles 0 (C), 1 (A) and 2 (B).
Tiles tiles_with(const Bytes& c, const Bytes& a, const Bytes& b, Shape shape = {}) {
  Tiles tiles;
  tiles.config = config_of(shape);
  const Bytes* of[] = {&c, &a, &b};
  for (int t = 0; t < 3; ++t) {
    for (int r = 0; r < tiles.config.rows[t]; ++r) {
      std::memcpy(tiles.of[t][r], of[t]->data() + r * kTileRowBytes, tiles.config.row_bytes[t]);
    }
  }
  return tiles;
}

template <class Value>
Value at(const Tiles& tiles, int tile, int row, int column) {
  Value value;
  std::memcpy(&value, tiles.of[tile][row] + column * static_cast<int>(sizeof value), sizeof value);
  return value;
}

float flushed(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0F, value) : value;
}

float bf16_at(const Tiles& tiles, int tile, int row, int column) {
  const auto high = static_cast<std::uint32_t>(at<std::uint16_t>(tiles, tile, row, column)) << 16;
  return flushed(std::bit_cast<float>(high));
}

/// Element (m, n) of C after tdpbf16ps, as the manual's operation section writes it.
float expected_bf16(const Tiles& tiles, int m, int n) {
  float even = 0.0F;
  float odd = 0.0F;
  for (int k = 0; k < tiles.config.rows[2]; ++k) {
    even = flushed(std::fma(bf16_at(tiles, 1, m, 2 * k), bf16_at(tiles, 2, k, 2 * n), even));
    odd = flushed(std::fma(bf16_at(tiles, 1, m, 2 * k + 1), bf16_at(tiles, 2, k, 2 * n + 1), odd));
  }
  return flushed(flushed(at<float>(tiles, 0, m, n)) + flushed(even + odd));
}

class AmxTiles : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_execute()) GTEST_SKIP() << "emulating AMX takes AVX-512";
  }
  std::mt19937 random{7};
};

TEST_F(AmxTiles, MultiplyBf16InTheOrderOfTheManual) {
  for (const Shape shape : {Shape{}, Shape{1, 16, 16}, Shape{16, 16, 1}, Shape{3, 5, 7}}) {
    const Tiles before =
        tiles_with(random_f32(random), random_bf16(random), random_bf16(random), shape);
    Tiles after = before;
    ASSERT_EQ(execute(product(Operation::tdpbf16ps, 0, 1, 2), {}, after), nullptr);
    for (int m = 0; m < kTileRows; ++m) {
      for (int n = 0; n < kTileRowBytes / 4; ++n) {
        const bool inside = m < shape.rows && n < shape.columns;
        const float expected = inside ? expected_bf16(before, m, n) : 0.0F;
        EXPECT_EQ(std::bit_cast<std::uint32_t>(at<float>(after, 0, m, n)),
                  std::bit_cast<std::uint32_t>(expected))
            << m << ", " << n;
      }
    }
  }
}

// 1 + 2^-24 + 2^-24 is 1 when added from the left, 1 + 2^-23 when the small ones meet first.
TEST_F(AmxTiles, AddEvenAndOddProductsApartAndToCLast) {
  const auto bf16 = [](float value) {
    return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  };
  Bytes c{}, a{}, b{};
  const float one = 1.0F;
  std::memcpy(c.data(), &one, sizeof one);
  const std::uint16_t small[] = {bf16(0x1p-24F), bf16(0x1p-24F)};
  const std::uint16_t ones[] = {bf16(1.0F), bf16(1.0F)};
  std::memcpy(a.data(), small, sizeof small);
  std::memcpy(b.data(), ones, sizeof ones);
  Tiles tiles = tiles_with(c, a, b);
  ASSERT_EQ(execute(product(Operation::tdpbf16ps, 0, 1, 2), {}, tiles), nullptr);
  EXPECT_EQ(at<float>(tiles, 0, 0, 0), 1.0F + 0x1p-23F);
}

TEST_F(AmxTiles, TakeDenormalsAsZeroAndFlushThem) {
  const auto set = [](Bytes& bytes, std::uint16_t value) {
    std::memcpy(bytes.data(), &value, sizeof value);
  };
  const auto result = [&](std::uint16_t left, std::uint16_t right) {
    Bytes a{}, b{};
    set(a, left);
    set(b, right);
    Tiles tiles = tiles_with({}, a, b);
    EXPECT_EQ(execute(product(Operation::tdpbf16ps, 0, 1, 2), {}, tiles), nullptr);
    return at<float>(tiles, 0, 0, 0);
  };
  EXPECT_EQ(result(0x0040, 0x7f00), 0.0F);      // 2^-127 * 2^127
  EXPECT_EQ(result(0x0080, 0x3f00), 0.0F);      // 2^-126 * 0.5
  EXPECT_EQ(result(0x0080, 0x3f80), 0x1p-126F);  // 2^-126 * 1
}

template <class A, class B>
std::int32_t expected_bytes(const Tiles& tiles, int m, int n) {
  auto sum = at<std::uint32_t>(tiles, 0, m, n);
  for (int k = 0; k < kTileRowBytes; ++k) {
    sum += static_cast<std::uint32_t>(int{at<A>(tiles, 1, m, k)} *
                                      int{at<B>(tiles, 2, k / 4, 4 * n + k % 4)});
  }
  return static_cast<std::int32_t>(sum);
}

TEST_F(AmxTiles, MultiplyBytesOfEverySignedness) {
  const Tiles before = tiles_with(random_bytes(random), random_bytes(random), random_bytes(random));
  const auto after = [&](Operation operation) {
    Tiles tiles = before;
    EXPECT_EQ(execute(product(operation, 0, 1, 2), {}, tiles), nullptr);
    return tiles;
  };
  const Tiles ss = after(Operation::tdpbssd);
  const Tiles su = after(Operation::tdpbsud);
  const Tiles us = after(Operation::tdpbusd);
  const Tiles uu = after(Operation::tdpbuud);
  for (int m = 0; m < kTileRows; ++m) {
    for (int n = 0; n < kTileRowBytes / 4; ++n) {
      using std::int8_t, std::uint8_t;
      EXPECT_EQ(at<std::int32_t>(ss, 0, m, n), (expected_bytes<int8_t, int8_t>(before, m, n)));
      EXPECT_EQ(at<std::int32_t>(su, 0, m, n), (expected_bytes<int8_t, uint8_t>(before, m, n)));
      EXPECT_EQ(at<std::int32_t>(us, 0, m, n), (expected_bytes<uint8_t, int8_t>(before, m, n)));
      EXPECT_EQ(at<std::int32_t>(uu, 0, m, n), (expected_bytes<uint8_t, uint8_t>(before, m, n)));
    }
  }
}

TEST_F(AmxTiles, LoadAndStoreRowsAtAStride) {
  const Bytes memory = random_bytes(random);
  Bytes stored = random_bytes(random);
  const Bytes before = stored;
  Tiles tiles = tiles_with({}, {}, {}, {.rows = 5, .depth = 3, .columns = 2});
  auto* from = const_cast<std::byte*>(memory.data());
  ASSERT_EQ(execute(tile_memory(Operation::tileload, 0, {}), {from + 7, 100}, tiles), nullptr);
  ASSERT_EQ(execute(tile_memory(Operation::tilestored, 0, {}), {stored.data(), 20}, tiles),
            nullptr);
  for (int r = 0; r < 5; ++r) {
    EXPECT_EQ(std::memcmp(tiles.of[0][r], memory.data() + 7 + 100 * r, 8), 0);
    EXPECT_EQ(std::memcmp(stored.data() + 20 * r, memory.data() + 7 + 100 * r, 8), 0);
    EXPECT_EQ(std::memcmp(stored.data() + 20 * r + 8, before.data() + 20 * r + 8, 12), 0);
  }
}

TEST_F(AmxTiles, RefuseWhatTheHardwareRefuses) {
  const auto load = [](TileConfig config) {
    Tiles tiles;
    return execute(tile_memory(Operation::ldtilecfg, 0, {}),
                   {reinterpret_cast<std::byte*>(&config), 0}, tiles);
  };
  TileConfig config = config_of({});
  EXPECT_EQ(load(config), nullptr);
  config.rows[3] = 17;
  config.row_bytes[3] = 64;
  EXPECT_STREQ(load(config), "ldtilecfg: a tile has at most 16 rows");
  config = config_of({});
  config.row_bytes[0] = 68;
  EXPECT_STREQ(load(config), "ldtilecfg: a row has at most 64 bytes");
  config = config_of({});
  config.rows[3] = 1;
  EXPECT_STREQ(load(config), "ldtilecfg: a tile has rows without bytes, or bytes without rows");
  config = config_of({});
  config.palette = 2;
  EXPECT_STREQ(load(config), "ldtilecfg: only palettes 0 and 1 exist");
  config = config_of({});
  config.reserved[3] = 1;
  EXPECT_STREQ(load(config), "ldtilecfg: reserved bytes are set");

  Tiles tiles;
  EXPECT_STREQ(execute(tile_memory(Operation::tilezero, 0, {}), {}, tiles),
               "tiles are not configured");
  tiles.config = config_of({.rows = 4, .depth = 3, .columns = 5});
  EXPECT_STREQ(execute(tile_memory(Operation::tilezero, 3, {}), {}, tiles), "a tile has no shape");
  EXPECT_STREQ(execute(product(Operation::tdpbf16ps, 0, 1, 1), {}, tiles),
               "a product names three different tiles");
  EXPECT_STREQ(execute(product(Operation::tdpbf16ps, 0, 2, 1), {}, tiles),
               "a product has as many rows as A");
  tiles.config.rows[2] = 4;
  EXPECT_STREQ(execute(product(Operation::tdpbf16ps, 0, 1, 2), {}, tiles),
               "A is as wide as B is deep");
}

/// The configuration of the instructions below. Static: GCC 12 takes _tile_loadconfig to read only
/// 8 bytes, and drops the stores to a local one.
constexpr TileConfig kLoaded = config_of({});

/// What the thread's configuration reads as, configured as above.
__attribute__((target("amx-tile"))) TileConfig read_configuration() {
  const auto read = std::make_unique<TileConfig>();
  _tile_loadconfig(&kLoaded);
  _tile_storeconfig(read.get());
  asm volatile("" : : "r"(read.get()) : "memory");  // GCC 12: as above, for the 64 bytes written
  _tile_release();
  return *read;
}

/// C += A B by real instructions, with what `instruction` multiplies.
template <void (*kMultiply)()>
__attribute__((target("amx-tile"))) Bytes multiply_by_code(const Bytes& c, const Bytes& a,
                                                           const Bytes& b) {
  Bytes result;
  _tile_loadconfig(&kLoaded);
  _tile_loadd(0, c.data(), kTileRowBytes);
  _tile_loadd(1, a.data(), kTileRowBytes);
  _tile_stream_loadd(2, b.data(), kTileRowBytes);
  kMultiply();
  _tile_stored(0, result.data(), kTileRowBytes);
  _tile_release();
  return result;
}
__attribute__((target("amx-bf16"))) void multiply_bf16() { _tile_dpbf16ps(0, 1, 2); }
__attribute__((target("amx-int8"))) void multiply_ss() { _tile_dpbssd(0, 1, 2); }
__attribute__((target("amx-int8"))) void multiply_su() { _tile_dpbsud(0, 1, 2); }
__attribute__((target("amx-int8"))) void multiply_us() { _tile_dpbusd(0, 1, 2); }
__attribute__((target("amx-int8"))) void multiply_uu() { _tile_dpbuud(0, 1, 2); }

Bytes multiply_by_emulation(Operation operation, const Bytes& c, const Bytes& a, const Bytes& b) {
  Tiles tiles = tiles_with(c, a, b);
  EXPECT_EQ(execute(product(operation, 0, 1, 2), {}, tiles), nullptr);
  Bytes result;
  std::memcpy(result.data(), tiles.of[0], sizeof result);
  return result;
}

class AmxInstructions : public AmxTiles {
 protected:
  void SetUp() override {
    AmxTiles::SetUp();
    if (IsSkipped()) return;
    const std::string why = provide_amx();
    if (!why.empty()) GTEST_SKIP() << why;
    RecordProperty("executed_by", hardware_has_amx() ? "hardware" : "emulator");
  }
};

// With AMX this compares hardware and emulator, without it the signal handler and a call.
TEST_F(AmxInstructions, GiveTheBitsOfTheEmulatedTiles) {
  for (int round = 0; round < 20; ++round) {
    const Bytes a = random_bytes(random);
    const Bytes b = random_bytes(random);
    const Bytes c = random_bytes(random);
    const auto emulated = [&](Operation operation) {
      return multiply_by_emulation(operation, c, a, b);
    };
    EXPECT_EQ(multiply_by_code<multiply_ss>(c, a, b), emulated(Operation::tdpbssd));
    EXPECT_EQ(multiply_by_code<multiply_su>(c, a, b), emulated(Operation::tdpbsud));
    EXPECT_EQ(multiply_by_code<multiply_us>(c, a, b), emulated(Operation::tdpbusd));
    EXPECT_EQ(multiply_by_code<multiply_uu>(c, a, b), emulated(Operation::tdpbuud));
    const Bytes left = random_bf16(random);
    const Bytes right = random_bf16(random);
    const Bytes sums = random_f32(random);
    EXPECT_EQ(multiply_by_code<multiply_bf16>(sums, left, right),
              multiply_by_emulation(Operation::tdpbf16ps, sums, left, right));
  }
  const TileConfig read = read_configuration();
  EXPECT_EQ(std::memcmp(&read, &kLoaded, sizeof kLoaded), 0);
}

// A kernel may take weights as A or as B: the bits are the same.
TEST_F(AmxInstructions, GiveTheTransposeWhenOperandsAreExchanged) {
  const auto dword = [](const Bytes& bytes, int row, int column) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + row * kTileRowBytes + column * 4, sizeof value);
    return value;
  };
  const auto transposed = [&](const Bytes& bytes) {
    Bytes to;
    for (int r = 0; r < kTileRows; ++r) {
      for (int c = 0; c < kTileRows; ++c) {
        const std::uint32_t value = dword(bytes, c, r);
        std::memcpy(to.data() + r * kTileRowBytes + c * 4, &value, sizeof value);
      }
    }
    return to;
  };
  const Bytes a = random_bf16(random);
  const Bytes b = random_bf16(random);
  const Bytes c = random_f32(random);
  EXPECT_EQ(multiply_by_code<multiply_bf16>(c, a, b),
            transposed(multiply_by_code<multiply_bf16>(transposed(c), transposed(b),
                                                       transposed(a))));
}

TEST_F(AmxInstructions, WorkOnEveryThreadWithTilesOfItsOwn) {
  constexpr int kThreads = 3;
  constexpr int kTimes = 50;
  const Bytes b = random_bf16(random);
  std::array<Bytes, kThreads> lefts;
  std::array<int, kThreads> right{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    lefts[t] = random_bf16(random);
    threads.emplace_back([&, t] {
      const Bytes expected = multiply_by_emulation(Operation::tdpbf16ps, {}, lefts[t], b);
      for (int i = 0; i < kTimes; ++i) {
        right[t] += multiply_by_code<multiply_bf16>({}, lefts[t], b) == expected ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, kTimes);
}

TEST_F(AmxInstructions, BrokenRulesEndTheProcessWithTheRule) {
  if (hardware_has_amx()) GTEST_SKIP() << "this machine has AMX: the hardware answers itself";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto zero_unconfigured = []() __attribute__((target("amx-tile"))) {
    _tile_release();
    _tile_zero(3);
  };
  EXPECT_DEATH(zero_unconfigured(), "AMX emulator: tiles are not configured");
  EXPECT_DEATH(asm volatile("ud2"), "");
}

}  // namespace
}  // namespace quire::kernels::emulation
