// Template source to tokens: jinja2's lexer with trim_blocks and lstrip_blocks on and
// keep_trailing_newline off. White space control (`-`, `+`) is resolved here; comments vanish and
// raw blocks become data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quire::engine::jinja {

enum class TokenType : std::uint8_t {
  data,
  output_begin,  // {{
  output_end,    // }}
  block_begin,   // {%
  block_end,     // %}
  name,
  text,  // a quoted string, escapes resolved
  integer,
  real,
  op,
  end,
};

struct Token {
  TokenType type = TokenType::end;
  std::string text;  // of data, names, texts and operators
  std::int64_t integer = 0;
  double real = 0;
  int line = 1;
};

/// Ends with a token of type `end`. Throws LoadError with the line.
std::vector<Token> tokenize(std::string_view source);

/// Throws LoadError "chat template, line N: reason".
[[noreturn]] void fail_syntax(int line, const std::string& reason);

}  // namespace quire::engine::jinja
