#include "engine/tokenizer/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <optional>

#include "engine/model_files.h"
#include "engine/tokenizer.h"
#include "engine/tokenizer/regex_translation.h"
#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

// Bounds on one search. Backtracking over a run of n characters counts n steps, so the step limit
// must exceed any text we accept (tens of MiB); it ends an exponential search within seconds.
constexpr std::uint32_t kMatchSteps = 100'000'000;
constexpr std::uint32_t kMatchHeapKib = 256U << 10U;
constexpr std::size_t kMaxPatternBytes = 64U << 10U;

struct FreeCode {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
};
struct FreeCompileContext {
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
};

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(error, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

struct Pattern::Compiled {
  std::string source;
  std::unique_ptr<pcre2_code, FreeCode> code;
  std::unique_ptr<pcre2_match_context, FreeMatchContext> context;

  /// The first match at or after `from`. `text` is valid UTF-8, so PCRE2 need not check it again.
  std::optional<Part> search(std::string_view text, std::size_t from,
                             pcre2_match_data* match) const {
    const auto run = [&](std::uint32_t options) {
      return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                         options | PCRE2_NO_UTF_CHECK, match, context.get());
    };
    int found = run(0);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = run(PCRE2_NO_JIT);  // its stack is the heap
    if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
    if (found < 0) {
      throw EncodeError("pattern \"" + source + "\" gave up on this text: " + message_of(found));
    }
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(match);
    return Part{span[0], span[1], true};
  }
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::literal(std::string text) {
  if (text.empty()) throw LoadError("an empty pattern is not supported");
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::regex(std::string_view source) {
  auto compiled = std::make_unique<Compiled>();
  compiled->source = source;
  if (source.size() > kMaxPatternBytes) throw LoadError("a pattern is too long");
  const std::string translated = translate_regex(source);
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> settings(
      pcre2_compile_context_create(nullptr));
  pcre2_set_newline(settings.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE where = 0;
  compiled->code.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE,
      &error, &where, settings.get()));
  if (!compiled->code) {
    throw LoadError("pattern \"" + std::string(source) + "\": " + message_of(error));
  }
  // Without JIT (not built in, or executable memory forbidden) matching is slower, not different.
  pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);
  compiled->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(compiled->context.get(), kMatchSteps);
  pcre2_set_heap_limit(compiled->context.get(), kMatchHeapKib);
  Pattern pattern;
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

std::vector<Part> Pattern::parts(std::string_view text) const {
  if (text.empty()) return {{0, 0, false}};
  if (compiled_) return regex_parts(text);
  std::vector<Part> result;
  std::size_t done = 0;
  for (std::size_t at = text.find(literal_); at != std::string_view::npos;
       at = text.find(literal_, done)) {
    if (at != done) result.push_back({done, at, false});
    done = at + literal_.size();
    result.push_back({at, done, true});
  }
  if (done != text.size()) result.push_back({done, text.size(), false});
  return result;
}

std::vector<Part> Pattern::regex_parts(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, FreeMatchData> match(pcre2_match_data_create(1, nullptr));
  std::vector<Part> result;
  std::size_t done = 0;
  std::size_t from = 0;
  std::optional<std::size_t> last_end;
  while (from <= text.size()) {
    const std::optional<Part> found = compiled_->search(text, from, match.get());
    if (!found) break;
    if (found->begin == found->end && last_end == found->end) {
      // An empty match where the last one ended would repeat for ever: go on one character later.
      from += from < text.size() ? code_point_at(text, from).bytes : 1;
      continue;
    }
    if (done != found->begin) result.push_back({done, found->begin, false});
    result.push_back(*found);
    done = found->end;
    from = found->end;
    last_end = found->end;
  }
  if (done != text.size()) result.push_back({done, text.size(), false});
  return result;
}

std::string replace_all(const Pattern& pattern, std::string_view text, std::string_view content) {
  std::string out;
  out.reserve(text.size());
  for (const Part& part : pattern.parts(text)) {
    out += part.matched ? content : text.substr(part.begin, part.end - part.begin);
  }
  return out;
}

}  // namespace quire::engine::tokenizer
