// Causal attention with rope over packed conversations, forward: a tile of queries against all keys before them.
#include <utility>

#include "heads.h"

namespace demo {

namespace {

// Turns row `query` of scores into probabilities (bf16, not yet divided by their sum). Returns {maximum, sum}.
std::pair<float, float> soften(const float* s, int query, int width, bf16* p) {
    const F lowest = _mm512_set1_ps(-1e30f);
    F top = lowest;
    for (int k = 0; k <= query; k += 16)
        top = _mm512_max_ps(top, _mm512_mask_loadu_ps(lowest, lanes_up_to(query, k), s + k));
    const float maximum = _mm512_reduce_max_ps(top);
    F sum = _mm512_setzero_ps();
    for (int k = 0; k < width; k += 16) {
        F e = _mm512_setzero_ps();
        if (const __mmask16 seen = lanes_up_to(query, k))
            e = _mm512_maskz_mov_ps(seen,
                                    exponential(_mm512_sub_ps(_mm512_loadu_ps(s + k), _mm512_set1_ps(maximum))));
        sum = _mm512_add_ps(sum, e);
        store(p + k, e);
    }
    return {maximum, _mm512_reduce_add_ps(sum)};
}

void attend(const bf16* qkv, const Rotation& rope, Heads h, int length, bf16* out, float* log_sum) {
    thread_local Packed q, k, v;
    thread_local std::vector<float> s;
    thread_local std::vector<bf16> p;
    const int padded = round_up(length, kKeys), stride = h.stride();
    const float scale = 1.0f / std::sqrt(static_cast<float>(kDim));
    s.resize(static_cast<std::size_t>(kQueries) * padded);
    p.resize(s.size());
    for (int kv = 0; kv < h.kv_heads; ++kv) {
        k.read(qkv + (h.heads + kv) * kDim, stride, length, padded, &rope, 1.0f);
        k.make_columns(padded);
        v.read(qkv + (h.heads + h.kv_heads + kv) * kDim, stride, length, padded, nullptr, 1.0f);
        v.make_twins(padded);
        for (int head = kv * h.group(); head < (kv + 1) * h.group(); ++head) {
            q.read(qkv + head * kDim, stride, length, padded, &rope, scale);
            for (int first = 0; first < length; first += kQueries) {
                const int width = round_up(std::min(first + kQueries, length), kKeys);
                for (int key = 0; key < width; key += kKeys)
                    scores(q.row_pairs(first), k.columns.data() + key, padded, s.data() + key, width);
                float sums[kQueries], rows[kQueries * kDim] = {};
                for (int i = 0; i < kQueries; ++i) {
                    const auto [maximum, sum] = soften(&s[i * width], first + i, width, &p[i * width]);
                    sums[i] = sum;
                    if (first + i < length) log_sum[(first + i) * h.heads + head] = maximum + std::log(sum);
                }
                accumulate(reinterpret_cast<const std::uint32_t*>(p.data()), width / 2, 1, width / 2, v.twins.data(),
                           rows, kQueries);
                for (int i = 0; i < kQueries && first + i < length; ++i)
                    write_row(rows + i * kDim, nullptr, 0, 1.0f / sums[i],
                              out + ((first + i) * h.heads + head) * kDim);
            }
        }
    }
}

}  // namespace

// Conversations are rows starts[i] to starts[i + 1] - 1 of qkv [rows, (heads + 2 kv_heads) * 32].
extern "C" void attention(const bf16* qkv, const float* cosine, const float* sine, const std::int32_t* starts,
                          int count, int heads, int kv_heads, bf16* out, float* log_sum) {
    const Heads h{heads, kv_heads};
    for (int c = 0; c < count; ++c) {
        const std::ptrdiff_t at = starts[c];
        attend(qkv + at * h.stride(), {cosine, sine}, h, starts[c + 1] - starts[c], out + at * heads * kDim,
               log_sum + at * heads);
    }
}

}  // namespace demo
