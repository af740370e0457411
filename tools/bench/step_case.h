// What `quire bench step` measures: cases of a prompt's prefill or of a decode step, from the lists
// on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quire::tools::bench {

/// One kind of whole model step, computed again and again at the same positions.
struct StepCase {
  enum class Kind : std::uint8_t { prefill, decode };

  Kind kind = Kind::decode;
  std::int32_t sequences = 1;
  /// prefill: rows of the prompt, from position 0, in chunks of the step's budget; the last row
  /// samples. decode: positions that each sequence's one row attends to, itself included.
  std::int32_t context = 1;
  bool optional = false;  // left out, not refused, when the model's context is too short

  /// Tokens that the case computes.
  std::int32_t tokens() const noexcept { return kind == Kind::prefill ? context : sequences; }
  /// KV blocks that it needs.
  std::int64_t blocks() const noexcept;
  /// "prefill 512", "decode 8 x 2048"
  std::string describe() const;
};

inline constexpr std::int32_t kLongestContext = 1 << 20;
inline constexpr std::int32_t kMostSequences = 1024;

/// "128,512" as numbers within [1, most]; "none" as no numbers. Nothing if it is neither.
std::optional<std::vector<std::int32_t>> parse_sizes(std::string_view text, std::int32_t most);

struct StepLists {
  std::vector<std::int32_t> prefill;
  std::vector<std::int32_t> sequences;  // every one with every context
  std::vector<std::int32_t> contexts;
  bool optional_prefill = false;
  bool optional_contexts = false;
};

/// Prefills first, then decode by context.
std::vector<StepCase> make_cases(const StepLists& lists);

}  // namespace quire::tools::bench
