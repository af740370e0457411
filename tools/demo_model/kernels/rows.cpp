// What works on one row at a time: RMS norm, gated SiLU and cross entropy, forward and backward.
#include <cstddef>

#include "vector.h"

namespace demo {

extern "C" {

// x += y (when there is one); normed = x / rms(x) * w; inverse = 1 / rms(x). [rows, width], width a multiple of 16.
void norm(float* x, const float* from, const bf16* y, const float* w, int rows, int width, float epsilon, bf16* normed,
          float* inverse) {
    for (int r = 0; r < rows; ++r) {
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(r) * width;
        F square = _mm512_setzero_ps();
        for (int c = 0; c < width; c += 16) {
            F v = _mm512_loadu_ps(from + at + c);
            if (y) v = _mm512_add_ps(v, load(y + at + c));
            _mm512_storeu_ps(x + at + c, v);
            square = _mm512_fmadd_ps(v, v, square);
        }
        inverse[r] = 1.0f / std::sqrt(_mm512_reduce_add_ps(square) / static_cast<float>(width) + epsilon);
        for (int c = 0; c < width; c += 16)
            store(normed + at + c, _mm512_mul_ps(_mm512_mul_ps(_mm512_loadu_ps(x + at + c), _mm512_set1_ps(inverse[r])),
                                                 _mm512_loadu_ps(w + c)));
    }
}

// dx += the norm's gradient; dx16 = dx in bf16; dw += the weight's gradient.
void norm_backward(const bf16* d_normed, const float* x, const float* w, const float* inverse, int rows, int width,
                   float* dx, bf16* dx16, float* dw) {
    for (int r = 0; r < rows; ++r) {
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(r) * width;
        const F scale = _mm512_set1_ps(inverse[r]);
        F dot = _mm512_setzero_ps();
        for (int c = 0; c < width; c += 16) {
            const F unit = _mm512_mul_ps(_mm512_loadu_ps(x + at + c), scale), d = load(d_normed + at + c);
            const F both = _mm512_mul_ps(unit, d);
            _mm512_storeu_ps(dw + c, _mm512_add_ps(_mm512_loadu_ps(dw + c), both));
            dot = _mm512_fmadd_ps(both, _mm512_loadu_ps(w + c), dot);
        }
        const F mean = _mm512_set1_ps(_mm512_reduce_add_ps(dot) / static_cast<float>(width));
        for (int c = 0; c < width; c += 16) {
            const F unit = _mm512_mul_ps(_mm512_loadu_ps(x + at + c), scale);
            const F d = _mm512_fnmadd_ps(unit, mean, _mm512_mul_ps(load(d_normed + at + c), _mm512_loadu_ps(w + c)));
            const F total = _mm512_fmadd_ps(d, scale, _mm512_loadu_ps(dx + at + c));
            _mm512_storeu_ps(dx + at + c, total);
            store(dx16 + at + c, total);
        }
    }
}

// out [rows, width] = silu(gate) * up of gate_up [rows, 2 width].
void gated(const bf16* gate_up, int rows, int width, bf16* out) {
    const F one = _mm512_set1_ps(1.0f);
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < width; c += 16) {
            const bf16* p = gate_up + static_cast<std::ptrdiff_t>(r) * 2 * width + c;
            const F gate = load(p), e = exponential(_mm512_sub_ps(_mm512_setzero_ps(), gate));
            store(out + static_cast<std::ptrdiff_t>(r) * width + c,
                  _mm512_div_ps(_mm512_mul_ps(gate, load(p + width)), _mm512_add_ps(one, e)));
        }
}

// Replaces gate_up by its gradient.
void gated_backward(bf16* gate_up, const bf16* d_out, int rows, int width) {
    const F one = _mm512_set1_ps(1.0f);
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < width; c += 16) {
            bf16* p = gate_up + static_cast<std::ptrdiff_t>(r) * 2 * width + c;
            const F gate = load(p), up = load(p + width), d = load(d_out + static_cast<std::ptrdiff_t>(r) * width + c);
            const F s = _mm512_div_ps(one, _mm512_add_ps(one, exponential(_mm512_sub_ps(_mm512_setzero_ps(), gate))));
            const F silu = _mm512_mul_ps(gate, s);
            const F slope = _mm512_fmadd_ps(silu, _mm512_sub_ps(one, s), s);
            store(p, _mm512_mul_ps(_mm512_mul_ps(d, up), slope));
            store(p + width, _mm512_mul_ps(d, silu));
        }
}

// Replaces logits [rows, vocab] by the gradient of the weighted sum of losses, which it returns.
double cross_entropy(bf16* logits, const std::int32_t* targets, const float* weights, int rows, int vocab) {
    double total = 0;
    for (int r = 0; r < rows; ++r) {
        bf16* p = logits + static_cast<std::ptrdiff_t>(r) * vocab;
        F top = load(p), sum = _mm512_setzero_ps();
        for (int c = 16; c < vocab; c += 16) top = _mm512_max_ps(top, load(p + c));
        const float maximum = _mm512_reduce_max_ps(top);
        for (int c = 0; c < vocab; c += 16)
            sum = _mm512_add_ps(sum, exponential(_mm512_sub_ps(load(p + c), _mm512_set1_ps(maximum))));
        const float log_sum = maximum + std::log(_mm512_reduce_add_ps(sum));
        const float target = to_float(p[targets[r]]), weight = weights[r];
        total += static_cast<double>(weight) * (log_sum - target);
        for (int c = 0; c < vocab; c += 16) {
            const F share = exponential(_mm512_sub_ps(load(p + c), _mm512_set1_ps(log_sum)));
            store(p + c, _mm512_mul_ps(share, _mm512_set1_ps(weight)));
        }
        p[targets[r]] = to_bf16(weight * (std::exp(target - log_sum) - 1.0f));
    }
    return total;
}

}  // extern "C"

}  // namespace demo
