#include "engine/tokenizer/utf8.h"

#include <cstring>

#include "engine/tokenizer.h"

namespace quire::engine {
namespace tokenizer {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

/// Length of the run of ASCII bytes that starts at `at`, in whole words.
std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
  while (at + kWord <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWord);
    if ((word & kHighBits) != 0) break;
    at += kWord;
  }
  return at;
}

struct Lead {
  std::size_t trailing;
  unsigned char low, high;  // of the second byte
};

/// trailing == 0 means that no sequence starts with `byte`. REQUIRES: byte >= 0x80.
Lead lead_of(unsigned char byte) noexcept {
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte < 0xF4) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Scan scan_utf8(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {Utf8Kind::valid, 1};
  const Lead lead = lead_of(first);
  if (lead.trailing == 0) return {Utf8Kind::invalid, 1};
  unsigned char low = lead.low;
  unsigned char high = lead.high;
  for (std::size_t i = 1; i <= lead.trailing; ++i) {
    if (i == text.size()) return {Utf8Kind::incomplete, i};
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < low || byte > high) return {Utf8Kind::invalid, i};
    low = 0x80;
    high = 0xBF;
  }
  return {Utf8Kind::valid, lead.trailing + 1};
}

CodePoint code_point_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
  };
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xE0) return {((first & 0x1FU) << 6U) | (byte(1) & 0x3FU), 2};
  if (first < 0xF0) {
    return {((first & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU), 3};
  }
  return {((first & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) |
              (byte(3) & 0x3FU),
          4};
}

CodePoint code_point_before(std::string_view text, std::size_t end) noexcept {
  std::size_t at = end - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return code_point_at(text, at);
}

void append_utf8(std::string& out, char32_t value) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0U | (value >> 6U));
    put(0x80U | (value & 0x3FU));
  } else if (value < 0x10000) {
    put(0xE0U | (value >> 12U));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  } else {
    put(0xF0U | (value >> 18U));
    put(0x80U | ((value >> 12U) & 0x3FU));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  }
}

void Utf8Repair::push(std::string_view bytes, std::string& out) {
  std::string joined;
  if (!pending_.empty()) {
    joined = std::move(pending_);
    pending_.clear();
    joined += bytes;
    bytes = joined;
  }
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t ascii_end = skip_ascii(bytes, at);
    out.append(bytes, at, ascii_end - at);
    at = ascii_end;
    if (at == bytes.size()) break;
    const Utf8Scan scan = scan_utf8(bytes.substr(at));
    if (scan.kind == Utf8Kind::incomplete) {
      pending_.assign(bytes.substr(at));
      return;
    }
    if (scan.kind == Utf8Kind::valid) {
      out.append(bytes, at, scan.bytes);
    } else {
      out += kReplacement;
    }
    at += scan.bytes;
  }
}

void Utf8Repair::finish(std::string& out) {
  if (!pending_.empty()) out += kReplacement;
  pending_.clear();
}

}  // namespace tokenizer

bool is_valid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while ((at = tokenizer::skip_ascii(text, at)) < text.size()) {
    const tokenizer::Utf8Scan scan = tokenizer::scan_utf8(text.substr(at));
    if (scan.kind != tokenizer::Utf8Kind::valid) return false;
    at += scan.bytes;
  }
  return true;
}

}  // namespace quire::engine
