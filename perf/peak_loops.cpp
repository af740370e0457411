#include "perf/peak_loops.h"

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quire::perf {
namespace {

constexpr std::int64_t kRounds = 1'000'000;    // of the vector loops: some milliseconds
constexpr std::int64_t kTileRounds = 100'000;  // a tile product takes 16 cycles
constexpr int kChains = 12;                    // hide the latency of 2 units x 4+
constexpr int kTiles = 4;                      // accumulators: 4 + 2 + 2 tiles are all there are

struct CpuidLeaf {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

CpuidLeaf leaf7(unsigned subleaf) {
  CpuidLeaf leaf;
  __get_cpuid_count(7, subleaf, &leaf.a, &leaf.b, &leaf.c, &leaf.d);
  return leaf;
}

bool bit(unsigned word, int index) {
  return (word >> index & 1U) != 0;
}

/// Linux gives tile state to a process that asks for it: arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA).
bool tiles_allowed() {
  constexpr int kRequest = 0x1023;
  constexpr int kTileData = 18;
  static const bool allowed =
      bit(leaf7(0).d, 24) && syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return allowed;
}

bool has_amx_int8() { return tiles_allowed() && bit(leaf7(0).d, 25); }
bool has_amx_bf16() { return tiles_allowed() && bit(leaf7(0).d, 22); }
bool has_avx512() { return __builtin_cpu_supports("avx512f") != 0; }
bool has_vnni() { return __builtin_cpu_supports("avx512vnni") != 0; }
bool has_avx512_bf16() { return has_avx512() && bit(leaf7(1).a, 5); }
bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }
bool has_fma() { return has_avx2() && __builtin_cpu_supports("fma") != 0; }
bool has_avx_vnni() { return has_avx2() && bit(leaf7(1).a, 4); }

/// Palette 1, eight tiles of 16 rows x 64 bytes. Static: GCC 12 takes _tile_loadconfig to read only
/// 8 bytes, and drops the stores to a local one.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfig kTileConfig;

__attribute__((target("amx-tile"))) void start_tiles() {
  _tile_loadconfig(&kTileConfig);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
}

__attribute__((target("amx-tile,amx-int8"))) void amx_int8() {
  start_tiles();
  for (std::int64_t i = 0; i < kTileRounds; ++i) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  _tile_release();
}

__attribute__((target("amx-tile,amx-bf16"))) void amx_bf16() {
  start_tiles();
  for (std::int64_t i = 0; i < kTileRounds; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

__attribute__((target("avx512f,avx512vnni"))) void dot_vnni() {
  __m512i chains[kChains] = {};
  const __m512i codes = _mm512_set1_epi8(3);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm512_dpbusd_epi32(chains[c], codes, codes);
      asm volatile("" : "+v"(chains[c]));
    }
  }
}

__attribute__((target("avx512f,avx512bf16"))) void dot_bf16() {
  __m512 chains[kChains] = {};
  const __m512 ones = _mm512_set1_ps(1.0F);
  const __m512bh halves = _mm512_cvtne2ps_pbh(ones, ones);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm512_dpbf16_ps(chains[c], halves, halves);
      asm volatile("" : "+v"(chains[c]));
    }
  }
}

__attribute__((target("avx512f"))) void fma_avx512() {
  __m512 chains[kChains] = {};
  const __m512 factor = _mm512_set1_ps(0.999F);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm512_fmadd_ps(chains[c], factor, factor);
      asm volatile("" : "+v"(chains[c]));
    }
  }
}

__attribute__((target("avx2,avxvnni"))) void dot_avx_vnni() {
  __m256i chains[kChains] = {};
  const __m256i codes = _mm256_set1_epi8(3);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm256_dpbusd_avx_epi32(chains[c], codes, codes);
      asm volatile("" : "+x"(chains[c]));
    }
  }
}

__attribute__((target("avx2"))) void dot_avx2() {
  __m256i chains[kChains] = {};
  __m256i codes = _mm256_set1_epi8(3);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      asm volatile("" : "+x"(codes));  // else the product is computed once for all
      chains[c] = _mm256_add_epi16(chains[c], _mm256_maddubs_epi16(codes, codes));
      asm volatile("" : "+x"(chains[c]));
    }
  }
}

__attribute__((target("avx2,fma"))) void fma_avx2() {
  __m256 chains[kChains] = {};
  const __m256 factor = _mm256_set1_ps(0.999F);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) {
      chains[c] = _mm256_fmadd_ps(chains[c], factor, factor);
      asm volatile("" : "+x"(chains[c]));
    }
  }
}

/// `each`: multiplications and additions of one instruction.
constexpr double vectors(int each) {
  return static_cast<double>(kRounds) * kChains * each;
}
constexpr double tiles(int each) {
  return static_cast<double>(kTileRounds) * kTiles * each;
}

}  // namespace

std::span<const PeakLoop> peak_loops() {
  static const PeakLoop kLoops[] = {
      {"int8 dot, AMX", has_amx_int8, amx_int8, tiles(2 * 16 * 16 * 64)},
      {"bf16 dot, AMX", has_amx_bf16, amx_bf16, tiles(2 * 16 * 16 * 32)},
      {"int8 dot, AVX-512 VNNI", has_vnni, dot_vnni, vectors(2 * 64)},
      {"bf16 dot, AVX-512", has_avx512_bf16, dot_bf16, vectors(2 * 32)},
      {"f32 FMA, AVX-512", has_avx512, fma_avx512, vectors(2 * 16)},
      {"int8 dot, AVX-VNNI", has_avx_vnni, dot_avx_vnni, vectors(2 * 32)},
      {"int8 dot, AVX2", has_avx2, dot_avx2, vectors(2 * 32)},
      {"f32 FMA, AVX2", has_fma, fma_avx2, vectors(2 * 8)},
  };
  return kLoops;
}

}  // namespace quire::perf
