// The arithmetic of all kernels: 16 floats at a time (AVX-512), bf16 in memory (AVX-512 BF16), float32 sums.
// Every kernel runs in one thread. fast_llama.py calls those declared extern "C"; llama.py is the reference.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>

namespace demo {

using bf16 = std::uint16_t;
using F = __m512;

inline F load(const bf16* p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

inline __m256i narrow(F x) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)); }

inline void store(bf16* p, F x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(x)); }

inline float to_float(bf16 x) {
    const std::uint32_t bits = std::uint32_t{x} << 16;
    float y;
    std::memcpy(&y, &bits, 4);
    return y;
}

inline bf16 to_bf16(float x) {
    std::uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return static_cast<bf16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// 2^n times a polynomial of 2^r on [-0.5, 0.5] (Taylor of degree 5: relative error below 3e-6).
inline F exponential(F x) {
    x = _mm512_mul_ps(_mm512_max_ps(x, _mm512_set1_ps(-87.0f)), _mm512_set1_ps(1.44269504f));
    const F n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const F r = _mm512_sub_ps(x, n);
    F y = _mm512_set1_ps(1.33335581e-3f);
    for (const float c : {9.61812911e-3f, 5.55041087e-2f, 2.40226507e-1f, 6.93147181e-1f, 1.0f})
        y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(c));
    return _mm512_scalef_ps(y, n);
}

}  // namespace demo
