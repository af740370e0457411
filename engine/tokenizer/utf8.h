// UTF-8 as the Unicode standard defines it (chapter 3, table 3-7): scanning, decoding, repairing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quire::engine::tokenizer {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

enum class Utf8Kind : std::uint8_t { valid, invalid, incomplete };

/// valid: `bytes` long character. invalid: maximal subpart of `bytes` bytes that one U+FFFD
/// replaces. incomplete: all of the text (`bytes`) begins a character that may still become valid.
struct Utf8Scan {
  Utf8Kind kind;
  std::size_t bytes;
};

/// What `text` begins with. REQUIRES: !text.empty().
Utf8Scan scan_utf8(std::string_view text) noexcept;

struct CodePoint {
  char32_t value;
  std::size_t bytes;
};

/// The character at byte `at`. REQUIRES: valid UTF-8, `at` on a character boundary below size().
CodePoint code_point_at(std::string_view text, std::size_t at) noexcept;
/// The character that ends at byte `end`. REQUIRES: as above, end > 0.
CodePoint code_point_before(std::string_view text, std::size_t end) noexcept;

void append_utf8(std::string& out, char32_t value);

/// Bytes in, valid UTF-8 out: every maximal invalid subpart becomes one U+FFFD, and a character
/// that is still incomplete waits for the next push. Thread: caller synchronises.
class Utf8Repair {
 public:
  void push(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  std::string pending_;  // at most 3 bytes
};

}  // namespace quire::engine::tokenizer
