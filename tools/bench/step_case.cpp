#include "tools/bench/step_case.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

#include "kernels/kv_cache.h"

namespace quire::tools::bench {

std::int64_t StepCase::blocks() const noexcept {
  constexpr std::int32_t kTokens = kernels::kBlockTokens;
  return std::int64_t{sequences} * ((context + kTokens - 1) / kTokens);
}

std::string StepCase::describe() const {
  if (kind == Kind::prefill) return fmt::format("prefill {}", context);
  return fmt::format("decode {} x {}", sequences, context);
}

std::optional<std::vector<std::int32_t>> parse_sizes(std::string_view text, std::int32_t most) {
  std::vector<std::int32_t> sizes;
  if (text == "none") return sizes;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    std::int32_t size = 0;
    const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), size);
    const bool whole = error == std::errc{} && rest == part.data() + part.size();
    if (!whole || size < 1 || size > most) return std::nullopt;
    sizes.push_back(size);
    if (comma == std::string_view::npos) return sizes;
    text.remove_prefix(comma + 1);
  }
}

std::vector<StepCase> make_cases(const StepLists& lists) {
  std::vector<StepCase> cases;
  for (const std::int32_t rows : lists.prefill) {
    cases.push_back({.kind = StepCase::Kind::prefill,
                     .sequences = 1,
                     .context = rows,
                     .optional = lists.optional_prefill});
  }
  for (const std::int32_t context : lists.contexts) {
    for (const std::int32_t sequences : lists.sequences) {
      cases.push_back({.kind = StepCase::Kind::decode,
                       .sequences = sequences,
                       .context = context,
                       .optional = lists.optional_contexts});
    }
  }
  return cases;
}

}  // namespace quire::tools::bench
