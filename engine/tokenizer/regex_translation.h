// Patterns of tokenizer.json follow Oniguruma's syntax; PCRE2 runs them. The two differ in a few
// places, and this is where each is translated or refused by name.
#pragma once

#include <string>
#include <string_view>

namespace quire::engine::tokenizer {

/// A PCRE2 pattern (UTF, UCP, MULTILINE) that matches what `pattern` matches in Oniguruma's own
/// syntax. Throws LoadError on syntax whose meaning here would differ.
std::string translate_regex(std::string_view pattern);

}  // namespace quire::engine::tokenizer
