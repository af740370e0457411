#include "engine/sampling/row_passes.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/invariant.h"

namespace quire::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Vectors of the baseline instruction set (GCC's vector extension); kLanes numbers side by side.
using Floats = float __attribute__((vector_size(16)));
using Bits = std::uint32_t __attribute__((vector_size(16)));
constexpr std::size_t kWidth = 4;
constexpr std::size_t kVectors = 4;
constexpr std::size_t kLanes = kVectors * kWidth;

Floats load(const float* from) {
  Floats value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// exp(x) for x <= 0 to 2 units in the last place, 0 from -87 down: a polynomial of degree 6 on
/// [-ln 2 / 2, ln 2 / 2] (coefficients of S. L. Moshier's Cephes) and the exponent's bits.
Floats exp_of_nonpositive(Floats x) {
  constexpr float kRounder = 12582912.0F;  // 1.5 * 2^23: adding it leaves a whole number below
  constexpr float kLeast = -87.0F;
  const Bits counts = (Bits)(x > kLeast);
  const Floats bounded = (Floats)((counts & (Bits)x) | (~counts & (Bits)(Floats{} + kLeast)));
  const Floats shifted = bounded * 1.44269504F + kRounder;
  const Floats n = shifted - kRounder;
  const Floats r = bounded - n * 0.693359375F + n * 2.12194440e-4F;
  Floats p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  return (Floats)(((Bits)p + ((Bits)shifted << 23U)) & counts);
}

float weight_of(float logit, float highest, float temperature) {
  return exp_of_nonpositive(Floats{} + (logit - highest) / temperature)[0];
}

double block_weight(std::span<const float> block, float highest, float temperature) {
  std::array<Floats, kVectors> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums[v] += exp_of_nonpositive((load(&block[i + v * kWidth]) - highest) / temperature);
    }
  }
  const Floats sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double total = 0;
  for (std::size_t lane = 0; lane < kWidth; ++lane) total += static_cast<double>(sum[lane]);
  for (; i < block.size(); ++i) {
    total += static_cast<double>(weight_of(block[i], highest, temperature));
  }
  return total;
}

}  // namespace

float largest(std::span<const float> block) {
  std::array<Floats, kVectors> best{};
  for (Floats& lanes : best) lanes -= kInfinity;
  std::size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Floats value = load(&block[i + v * kWidth]);
      best[v] = value > best[v] ? value : best[v];
    }
  }
  float highest = -kInfinity;
  for (const Floats& lanes : best) {
    for (std::size_t lane = 0; lane < kWidth; ++lane) highest = std::max(highest, lanes[lane]);
  }
  for (; i < block.size(); ++i) highest = std::max(highest, block[i]);
  return highest;
}

TokenId most_likely(std::span<const float> logits) {
  INVARIANT(!logits.empty(), "a row has logits");
  float highest = -kInfinity;
  std::size_t place = 0;
  for_blocks(logits, [&](std::size_t first, std::span<const float>, float block_highest) {
    if (block_highest > highest) {
      highest = block_highest;
      place = first;
    }
  });
  while (logits[place] != highest) ++place;
  return static_cast<TokenId>(place);
}

std::optional<std::size_t> find_unusable(std::span<const float> logits) {
  for (std::size_t first = 0; first < logits.size(); first += kBlock) {
    const std::size_t end = std::min(first + kBlock, logits.size());
    std::int32_t unusable = 0;
    for (std::size_t i = first; i < end; ++i) {
      unusable += static_cast<std::int32_t>(!(logits[i] < kInfinity));
    }
    if (unusable == 0) continue;
    while (logits[first] < kInfinity) ++first;
    return first;
  }
  return std::nullopt;
}

double sum_weights(std::span<const float> logits, float highest, float temperature,
                   std::vector<double>& block_sums) {
  block_sums.clear();
  block_sums.reserve((logits.size() + kBlock - 1) / kBlock);
  double total = 0;
  for (std::size_t first = 0; first < logits.size(); first += kBlock) {
    const auto block = logits.subspan(first, std::min(kBlock, logits.size() - first));
    block_sums.push_back(block_weight(block, highest, temperature));
    total += block_sums.back();
  }
  return total;
}

TokenId draw_from_all(std::span<const float> logits, float highest, float temperature,
                      float uniform, std::vector<double>& block_sums) {
  const double target =
      static_cast<double>(uniform) * sum_weights(logits, highest, temperature, block_sums);
  double cumulative = 0;
  std::size_t block = 0;
  // The last cumulative sum is the total, added in the same order, and uniform < 1.
  while (cumulative + block_sums[block] <= target) cumulative += block_sums[block++];
  const std::size_t end = std::min((block + 1) * kBlock, logits.size());
  std::size_t last = block * kBlock;
  for (std::size_t id = last; id < end; ++id) {
    const float weight = weight_of(logits[id], highest, temperature);
    if (weight == 0.0F) continue;
    last = id;  // the block's sum was added in another order: its end may lie below the target
    cumulative += static_cast<double>(weight);
    if (cumulative > target) break;
  }
  return static_cast<TokenId>(last);
}

}  // namespace quire::engine::sampling
