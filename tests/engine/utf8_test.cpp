#include "engine/tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/tokenizer.h"
#include "engine/tokenizer/unicode.h"

namespace quire::engine {
namespace {

/// By decoding: a sequence is valid if it is what its code point encodes to.
bool is_valid_by_encoding(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xC0) || first >= 0xF8 || text.size() < bytes) return false;
    char32_t value = bytes == 1 ? first : first & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
      const auto next = static_cast<unsigned char>(text[i]);
      if ((next & 0xC0U) != 0x80) return false;
      value = (value << 6U) | (next & 0x3FU);
    }
    const char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[bytes] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
      return false;
    }
    text.remove_prefix(bytes);
  }
  return true;
}

TEST(Utf8, AcceptsEveryCodePointAndNoSurrogate) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    std::string text;
    tokenizer::append_utf8(text, c);
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    ASSERT_EQ(is_valid_utf8(text), !surrogate) << std::hex << static_cast<unsigned>(c);
    if (surrogate) continue;
    ASSERT_EQ(tokenizer::code_point_at(text, 0).value, c);
    ASSERT_EQ(tokenizer::code_point_before(text, text.size()).value, c);
  }
}

TEST(Utf8, AgreesWithDecodingOnAllPairsAndRandomBytes) {
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    const std::string text{static_cast<char>(pair >> 8U), static_cast<char>(pair & 0xFFU)};
    ASSERT_EQ(is_valid_utf8(text), is_valid_by_encoding(text)) << pair;
  }
  std::mt19937 random(1);
  const unsigned char likely[] = {0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2,
                                  0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
  for (int n = 0; n < 200'000; ++n) {
    std::string text(random() % 12, 'x');
    for (char& c : text) c = static_cast<char>(likely[random() % std::size(likely)]);
    ASSERT_EQ(is_valid_utf8(text), is_valid_by_encoding(text)) << "round " << n;
  }
}

TEST(Utf8, FindsABadByteAtEveryAlignment) {
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      ASSERT_TRUE(is_valid_utf8(text));
      text[at] = '\x80';
      ASSERT_FALSE(is_valid_utf8(text)) << size << " " << at;
    }
  }
}

std::string repaired(std::string_view text, std::size_t step) {
  tokenizer::Utf8Repair repair;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    repair.push(text.substr(at, step), out);
    EXPECT_TRUE(is_valid_utf8(out));
  }
  repair.finish(out);
  return out;
}

TEST(Utf8Repair, ReplacesMaximalSubparts) {  // Unicode 15, table 3-11 and its neighbours
  EXPECT_EQ(repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", 1),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 1), "\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(repaired("\xED\xA0\x80", 1), "\uFFFD\uFFFD\uFFFD");
}

TEST(Utf8Repair, DoesNotDependOnTheCuts) {
  std::mt19937 random(2);
  const unsigned char likely[] = {0x41, 0x80, 0x90, 0xA0, 0xBF, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4};
  for (int n = 0; n < 20'000; ++n) {
    std::string text(random() % 16, 'x');
    for (char& c : text) c = static_cast<char>(likely[random() % std::size(likely)]);
    const std::string whole = repaired(text, 100);
    for (std::size_t step = 1; step < 5; ++step) ASSERT_EQ(repaired(text, step), whole);
  }
}

TEST(Normalize, OrdersLongRunsOfMarksInTime) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0316";
  const std::string ordered = tokenizer::normalize(text, tokenizer::NormalForm::nfd);
  ASSERT_EQ(ordered.size(), text.size());
  EXPECT_EQ(ordered.substr(0, 3), "a\u0316");
  EXPECT_EQ(ordered.substr(ordered.size() - 2), "\u0301");
  EXPECT_EQ(tokenizer::normalize(text, tokenizer::NormalForm::nfc).substr(0, 4), "á\u0316");
}

}  // namespace
}  // namespace quire::engine
