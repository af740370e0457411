#include "engine/tokenizer/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "engine/tokenizer/utf8.h"

namespace quire::engine::tokenizer {
namespace {

constexpr bool is_printable_latin1(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// Printable bytes stand for themselves; the other 68 follow U+0100 in order.
constexpr std::array<char16_t, 256> make_alphabet() {
  std::array<char16_t, 256> alphabet{};
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    alphabet[byte] = static_cast<char16_t>(is_printable_latin1(byte) ? byte : next++);
  }
  return alphabet;
}

constexpr std::array<char16_t, 256> kAlphabet = make_alphabet();
constexpr std::size_t kEndOfAlphabet = 0x100 + 68;

constexpr std::array<std::int16_t, kEndOfAlphabet> make_bytes() {
  std::array<std::int16_t, kEndOfAlphabet> bytes{};
  bytes.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes[kAlphabet[byte]] = static_cast<std::int16_t>(byte);
  }
  return bytes;
}

constexpr std::array<std::int16_t, kEndOfAlphabet> kBytes = make_bytes();

}  // namespace

void append_byte_level(std::string_view bytes, std::string& out) {
  for (const char c : bytes) append_utf8(out, kAlphabet[static_cast<unsigned char>(c)]);
}

std::optional<std::string> bytes_of_byte_level(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (point.value >= kEndOfAlphabet || kBytes[point.value] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kBytes[point.value]));
    at += point.bytes;
  }
  return bytes;
}

}  // namespace quire::engine::tokenizer
