#include "engine/jinja/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace quire::engine::jinja {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

/// Letters whose other case has several code points: Unicode's SpecialCasing.txt, the unconditional
/// Latin, Greek and Armenian entries. utf8proc maps one to one.
struct SpecialCase {
  char32_t letter;
  const char* upper;
  const char* title;
};
constexpr std::array<SpecialCase, 21> kSpecialCases = {{
    {0x00DF, "SS", "Ss"},
    {0x0149, "\xCA\xBCN", "\xCA\xBCN"},
    {0x01F0, "J\xCC\x8C", "J\xCC\x8C"},
    {0x0390, "\xCE\x99\xCC\x88\xCC\x81", "\xCE\x99\xCC\x88\xCC\x81"},
    {0x03B0, "\xCE\xA5\xCC\x88\xCC\x81", "\xCE\xA5\xCC\x88\xCC\x81"},
    {0x0587, "\xD4\xB5\xD5\x92", "\xD4\xB5\xD6\x82"},
    {0x1E96, "H\xCC\xB1", "H\xCC\xB1"},
    {0x1E97, "T\xCC\x88", "T\xCC\x88"},
    {0x1E98, "W\xCC\x8A", "W\xCC\x8A"},
    {0x1E99, "Y\xCC\x8A", "Y\xCC\x8A"},
    {0x1E9A, "A\xCA\xBE", "A\xCA\xBE"},
    {0xFB00, "FF", "Ff"},
    {0xFB01, "FI", "Fi"},
    {0xFB02, "FL", "Fl"},
    {0xFB03, "FFI", "Ffi"},
    {0xFB04, "FFL", "Ffl"},
    {0xFB05, "ST", "St"},
    {0xFB06, "ST", "St"},
    {0xFB13, "\xD5\x84\xD5\x86", "\xD5\x84\xD5\xB6"},
    {0xFB14, "\xD5\x84\xD4\xB5", "\xD5\x84\xD5\xA5"},
    {0xFB15, "\xD5\x84\xD4\xBB", "\xD5\x84\xD5\xAB"},
}};

const SpecialCase* special_case(char32_t c) {
  if (c < 0x80) return nullptr;
  const auto found = std::find_if(kSpecialCases.begin(), kSpecialCases.end(),
                                  [c](const SpecialCase& s) { return s.letter == c; });
  return found == kSpecialCases.end() ? nullptr : &*found;
}

char32_t simple_upper(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}
char32_t simple_lower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

void append_upper(char32_t c, std::string& out) {
  if (const SpecialCase* special = special_case(c)) {
    out += special->upper;
  } else {
    encode(simple_upper(c), out);
  }
}

void append_title(char32_t c, std::string& out) {
  if (const SpecialCase* special = special_case(c)) {
    out += special->title;
  } else {
    encode(static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))), out);
  }
}

bool is_cased(char32_t c) {
  return is_upper(c) || is_lower(c) || is_title(c);
}

/// A capital sigma is final after a cased letter and not before one (other marks are skipped).
bool is_final_sigma(const std::u32string& text, std::size_t index) {
  const auto ignorable = [](char32_t c) {
    const auto kind = category(c);
    return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_CF ||
           kind == UTF8PROC_CATEGORY_LM || kind == UTF8PROC_CATEGORY_SK || c == '\'' || c == '.';
  };
  std::size_t before = index;
  while (before > 0 && ignorable(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  std::size_t after = index + 1;
  while (after < text.size() && ignorable(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

void append_lower(const std::u32string& text, std::size_t index, std::string& out) {
  constexpr char32_t kCapitalSigma = 0x3A3;
  constexpr char32_t kFinalSigma = 0x3C2;
  constexpr char32_t kCapitalIWithDot = 0x130;
  const char32_t c = text[index];
  if (c == kCapitalSigma && is_final_sigma(text, index)) {
    encode(kFinalSigma, out);
  } else if (c == kCapitalIWithDot) {
    out += "i\xCC\x87";
  } else {
    encode(simple_lower(c), out);
  }
}

}  // namespace

char32_t decode(std::string_view text, std::size_t& pos) {
  const auto first = static_cast<unsigned char>(text[pos]);
  if (first < 0x80) {
    ++pos;
    return first;
  }
  utf8proc_int32_t code_point = -1;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + pos,
                       static_cast<utf8proc_ssize_t>(text.size() - pos), &code_point);
  if (length <= 0) {
    ++pos;
    return kBadByte + first;
  }
  pos += static_cast<std::size_t>(length);
  return static_cast<char32_t>(code_point);
}

void encode(char32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c >= kBadByte && c < kBadByte + 0x100) {
    out.push_back(static_cast<char>(c - kBadByte));
  } else {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(n));
  }
}

std::u32string decode_all(std::string_view text) {
  std::u32string all;
  all.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size();) all.push_back(decode(text, pos));
  return all;
}

std::string encode_all(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) encode(c, out);
  return out;
}

std::size_t count_code_points(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return text.size();
  std::size_t count = 0;
  for (std::size_t pos = 0; pos < text.size(); ++count) decode(text, pos);
  return count;
}

std::size_t byte_offset(std::string_view text, std::size_t index) {
  std::size_t pos = 0;
  while (index-- > 0 && pos < text.size()) decode(text, pos);
  return pos;
}

bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_printable(char32_t c) {
  if (c < 0x80) return c >= 32 && c < 127;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_alpha(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}
bool is_decimal(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_ND;
}
bool is_digit(char32_t c) {
  // Nd and the superscript, subscript and circled digits (Numeric_Type=Digit) of common use.
  return is_decimal(c) || c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 ||
         (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089) ||
         (c >= 0x2460 && c <= 0x2468);
}
bool is_numeric(char32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL ||
         kind == UTF8PROC_CATEGORY_NO;
}
bool is_upper(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LU;
}
bool is_lower(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LL;
}
bool is_title(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LT;
}
bool is_word(char32_t c) {
  if (c < 0x80)
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return is_alpha(c) || is_numeric(c) || category(c) == UTF8PROC_CATEGORY_MN ||
         category(c) == UTF8PROC_CATEGORY_MC;
}

std::string to_upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size();) append_upper(decode(text, pos), out);
  return out;
}

std::string to_lower(std::string_view text) {
  const std::u32string letters = decode_all(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < letters.size(); ++i) append_lower(letters, i, out);
  return out;
}

std::string to_casefold(std::string_view text) {
  std::string out;
  for (std::size_t pos = 0; pos < text.size();) {
    const char32_t c = decode(text, pos);
    std::array<utf8proc_int32_t, 8> folded{};
    int boundary = 0;
    const utf8proc_ssize_t n = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(c), folded.data(),
        static_cast<utf8proc_ssize_t>(folded.size()), UTF8PROC_CASEFOLD, &boundary);
    if (n <= 0) encode(c, out);
    for (utf8proc_ssize_t i = 0; i < n; ++i) {
      encode(static_cast<char32_t>(folded[static_cast<std::size_t>(i)]), out);
    }
  }
  return out;
}

std::string to_title(std::string_view text) {
  const std::u32string letters = decode_all(text);
  std::string out;
  out.reserve(text.size());
  bool inside = false;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (inside) {
      append_lower(letters, i, out);
    } else {
      append_title(letters[i], out);
    }
    inside = is_cased(letters[i]);
  }
  return out;
}

std::string to_capitalized(std::string_view text) {
  const std::u32string letters = decode_all(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i == 0) {
      append_title(letters[i], out);
    } else {
      append_lower(letters, i, out);
    }
  }
  return out;
}

std::string to_swapped(std::string_view text) {
  const std::u32string letters = decode_all(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (is_upper(letters[i])) {
      append_lower(letters, i, out);
    } else if (is_lower(letters[i])) {
      append_upper(letters[i], out);
    } else {
      encode(letters[i], out);
    }
  }
  return out;
}

}  // namespace quire::engine::jinja
