// What both passes of attention share: heads of 32 in the orders that the bf16 dot product wants, and the products
// of tiles. A "pair" is two neighbouring bf16 in one 32-bit word: the instruction multiplies and adds both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "vector.h"

namespace demo {

constexpr int kDim = 32;           // of a head
constexpr int kPairs = kDim / 2;   // the dot product instruction takes two neighbours at once
constexpr int kQueries = 32;       // rows of a tile
constexpr int kKeys = 64;          // columns of a tile

inline __m512bh pairs(std::uint32_t x) { return reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(x))); }

inline __m512bh pairs(const std::uint32_t* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }

// c[kQueries][kKeys] = a[kQueries][kPairs] times b[kPairs][stride]; pairs run along the head's dimension.
inline void scores(const std::uint32_t* a, const std::uint32_t* b, int stride, float* c, int c_stride) {
    for (int row = 0; row < kQueries; row += 4) {
        F sum[4][4];
        for (auto& r : sum)
            for (F& s : r) s = _mm512_setzero_ps();
        for (int d = 0; d < kPairs; ++d) {
            const std::uint32_t* line = b + d * stride;
            const __m512bh b0 = pairs(line), b1 = pairs(line + 16), b2 = pairs(line + 32), b3 = pairs(line + 48);
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i) {
                const __m512bh x = pairs(a[(row + i) * kPairs + d]);
                sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, b0);
                sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, b1);
                sum[i][2] = _mm512_dpbf16_ps(sum[i][2], x, b2);
                sum[i][3] = _mm512_dpbf16_ps(sum[i][3], x, b3);
            }
        }
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) _mm512_storeu_ps(c + (row + i) * c_stride + 16 * j, sum[i][j]);
    }
}

// c[rows][kDim] += sum over steps of a(row, step) times b[step][kDim]; rows is a multiple of 8.
inline void accumulate(const std::uint32_t* a, int row_stride, int step_stride, int steps, const std::uint32_t* b,
                       float* c, int rows) {
    for (int row = 0; row < rows; row += 8) {
        F sum[8][2];
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < 2; ++j) sum[i][j] = _mm512_loadu_ps(c + (row + i) * kDim + 16 * j);
        const std::uint32_t* left = a + row * row_stride;
        for (int s = 0; s < steps; ++s) {
            const __m512bh b0 = pairs(b + s * kDim), b1 = pairs(b + s * kDim + 16);
#pragma GCC unroll 8
            for (int i = 0; i < 8; ++i) {
                const __m512bh x = pairs(left[i * row_stride + s * step_stride]);
                sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, b0);
                sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, b1);
            }
        }
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < 2; ++j) _mm512_storeu_ps(c + (row + i) * kDim + 16 * j, sum[i][j]);
    }
}

struct Rotation {
    const float* cosine;  // [positions][kPairs]
    const float* sine;
};

// One row of a head, rotated (or not) and scaled on the way in.
inline void read_row(const bf16* p, const Rotation* rope, int position, float scale, bf16* out) {
    F a = load(p), b = load(p + 16);
    if (rope) {
        const F c = _mm512_loadu_ps(rope->cosine + position * kPairs);
        const F s = _mm512_loadu_ps(rope->sine + position * kPairs);
        const F turned = _mm512_fmsub_ps(a, c, _mm512_mul_ps(b, s));
        b = _mm512_fmadd_ps(b, c, _mm512_mul_ps(a, s));
        a = turned;
    }
    store(out, _mm512_mul_ps(a, _mm512_set1_ps(scale)));
    store(out + 16, _mm512_mul_ps(b, _mm512_set1_ps(scale)));
}

// The other way: scales and turns back.
inline void write_row(const float* p, const Rotation* rope, int position, float scale, bf16* out) {
    F a = _mm512_mul_ps(_mm512_loadu_ps(p), _mm512_set1_ps(scale));
    F b = _mm512_mul_ps(_mm512_loadu_ps(p + 16), _mm512_set1_ps(scale));
    if (rope) {
        const F c = _mm512_loadu_ps(rope->cosine + position * kPairs);
        const F s = _mm512_loadu_ps(rope->sine + position * kPairs);
        const F turned = _mm512_fmadd_ps(a, c, _mm512_mul_ps(b, s));
        b = _mm512_fmsub_ps(b, c, _mm512_mul_ps(a, s));
        a = turned;
    }
    store(out, a);
    store(out + 16, b);
}

// A head of a conversation, [length][kDim], in the orders that the products need: pairs along the head, and pairs
// along the rows.
struct Packed {
    std::vector<bf16> rows;              // [padded][kDim]
    std::vector<std::uint32_t> columns;  // [kPairs][padded]
    std::vector<std::uint32_t> twins;    // [padded / 2][kDim]: rows 2i and 2i + 1

    void read(const bf16* p, int stride, int length, int padded, const Rotation* rope, float scale) {
        rows.assign(static_cast<std::size_t>(padded) * kDim, 0);
        for (int i = 0; i < length; ++i)
            read_row(p + static_cast<std::ptrdiff_t>(i) * stride, rope, i, scale, &rows[i * kDim]);
    }

    const std::uint32_t* row_pairs(int row) const { return reinterpret_cast<const std::uint32_t*>(&rows[row * kDim]); }

    void make_columns(int padded) {
        columns.resize(static_cast<std::size_t>(padded) * kPairs);
        for (int i = 0; i < padded; ++i)
            for (int d = 0; d < kPairs; ++d) columns[d * padded + i] = row_pairs(i)[d];
    }

    void make_twins(int padded) {
        twins.resize(static_cast<std::size_t>(padded) * kPairs);
        for (int i = 0; i < padded; i += 2)
            for (int d = 0; d < kDim; ++d)
                twins[i / 2 * kDim + d] = rows[i * kDim + d] | std::uint32_t{rows[(i + 1) * kDim + d]} << 16;
    }
};

inline int round_up(int x, int multiple) { return (x + multiple - 1) / multiple * multiple; }

inline __mmask16 lanes_up_to(int last, int first) {  // lanes whose column first + lane is at most last
    const int n = std::clamp(last - first + 1, 0, 16);
    return static_cast<__mmask16>((1u << n) - 1);
}

struct Heads {
    int heads, kv_heads;
    int stride() const { return (heads + 2 * kv_heads) * kDim; }
    int group() const { return heads / kv_heads; }
};

}  // namespace demo
