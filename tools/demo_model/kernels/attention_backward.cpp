// Causal attention with rope over packed conversations, backward: the probabilities are computed again, tile by tile,
// from the log sums that the forward pass kept (T. Dao et al., "FlashAttention", 2022).
#include "heads.h"

namespace demo {

namespace {

// Of scores, in the orders that the products need.
struct Tile {
    float s[kQueries * kKeys], dp[kQueries * kKeys];
    bf16 ds[kQueries * kKeys];                    // pairs along the keys
    std::uint32_t p_twins[kQueries / 2 * kKeys];  // pairs along the queries
    std::uint32_t ds_twins[kQueries / 2 * kKeys];

    // From scores and dp to p and ds, given each row's log sum and its dot product of output and gradient.
    void differentiate(int first, int key, const float* log_sum, const float* dots) {
        for (int i = 0; i < kQueries; i += 2)
            for (int k = 0; k < kKeys; k += 16) {
                __m512i both_p = _mm512_setzero_si512(), both_ds = both_p;
                for (int j = 0; j < 2; ++j) {
                    const int at = (i + j) * kKeys + k;
                    const F e = exponential(_mm512_sub_ps(_mm512_loadu_ps(s + at), _mm512_set1_ps(log_sum[i + j])));
                    const F x = _mm512_maskz_mov_ps(lanes_up_to(first + i + j, key + k), e);
                    const F d = _mm512_mul_ps(x, _mm512_sub_ps(_mm512_loadu_ps(dp + at), _mm512_set1_ps(dots[i + j])));
                    store(ds + at, d);
                    const auto shift = static_cast<unsigned>(16 * j);
                    both_p = _mm512_or_si512(both_p, _mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow(x)), shift));
                    both_ds = _mm512_or_si512(both_ds, _mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow(d)), shift));
                }
                _mm512_storeu_si512(p_twins + i / 2 * kKeys + k, both_p);
                _mm512_storeu_si512(ds_twins + i / 2 * kKeys + k, both_ds);
            }
    }
};

float dot(const bf16* a, const bf16* b) {
    return _mm512_reduce_add_ps(_mm512_fmadd_ps(load(a), load(b), _mm512_mul_ps(load(a + 16), load(b + 16))));
}

void attend_backward(const bf16* qkv, const Rotation& rope, Heads h, int length, const bf16* out, const float* log_sum,
                     const bf16* d_out, bf16* d_qkv) {
    thread_local Packed q, k, v, g;
    thread_local std::vector<float> dk, dv;
    thread_local Tile tile;
    const int padded = round_up(length, kKeys), stride = h.stride(), wide = h.heads * kDim;
    const float scale = 1.0f / std::sqrt(static_cast<float>(kDim));
    for (int kv = 0; kv < h.kv_heads; ++kv) {
        const int k_at = (h.heads + kv) * kDim, v_at = (h.heads + h.kv_heads + kv) * kDim;
        k.read(qkv + k_at, stride, length, padded, &rope, 1.0f);
        k.make_columns(padded);
        k.make_twins(padded);
        v.read(qkv + v_at, stride, length, padded, nullptr, 1.0f);
        v.make_columns(padded);
        dk.assign(static_cast<std::size_t>(padded) * kDim, 0.0f);
        dv.assign(dk.size(), 0.0f);
        for (int head = kv * h.group(); head < (kv + 1) * h.group(); ++head) {
            q.read(qkv + head * kDim, stride, length, padded, &rope, scale);
            q.make_twins(padded);
            g.read(d_out + head * kDim, wide, length, padded, nullptr, 1.0f);
            g.make_twins(padded);
            for (int first = 0; first < length; first += kQueries) {
                float sums[kQueries] = {}, dots[kQueries] = {}, dq[kQueries * kDim] = {};
                for (int i = 0; i < kQueries && first + i < length; ++i) {
                    sums[i] = log_sum[(first + i) * h.heads + head];
                    const int at = (first + i) * wide + head * kDim;
                    dots[i] = dot(out + at, d_out + at);
                }
                for (int key = 0; key < std::min(first + kQueries, length); key += kKeys) {
                    scores(q.row_pairs(first), k.columns.data() + key, padded, tile.s, kKeys);
                    scores(g.row_pairs(first), v.columns.data() + key, padded, tile.dp, kKeys);
                    tile.differentiate(first, key, sums, dots);
                    accumulate(reinterpret_cast<const std::uint32_t*>(tile.ds), kKeys / 2, 1, kKeys / 2,
                               &k.twins[key * kPairs], dq, kQueries);
                    accumulate(tile.ds_twins, 1, kKeys, kQueries / 2, &q.twins[first * kPairs], &dk[key * kDim], kKeys);
                    accumulate(tile.p_twins, 1, kKeys, kQueries / 2, &g.twins[first * kPairs], &dv[key * kDim], kKeys);
                }
                for (int i = 0; i < kQueries && first + i < length; ++i)
                    write_row(dq + i * kDim, &rope, first + i, scale, d_qkv + (first + i) * stride + head * kDim);
            }
        }
        for (int i = 0; i < length; ++i) {
            write_row(&dk[i * kDim], &rope, i, 1.0f, d_qkv + i * stride + k_at);
            write_row(&dv[i * kDim], nullptr, i, 1.0f, d_qkv + i * stride + v_at);
        }
    }
}

}  // namespace

extern "C" void attention_backward(const bf16* qkv, const float* cosine, const float* sine, const std::int32_t* starts,
                                   int count, int heads, int kv_heads, const bf16* out, const float* log_sum,
                                   const bf16* d_out, bf16* d_qkv) {
    const Heads h{heads, kv_heads};
    for (int c = 0; c < count; ++c) {
        const std::ptrdiff_t at = starts[c];
        attend_backward(qkv + at * h.stride(), {cosine, sine}, h, starts[c + 1] - starts[c], out + at * heads * kDim,
                        log_sum + at * heads, d_out + at * heads * kDim, d_qkv + at * h.stride());
    }
}

}  // namespace demo
