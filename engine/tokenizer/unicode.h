// The Unicode properties and transformations that tokenizer components name. Categories and
// decompositions come from utf8proc (Unicode 15).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quire::engine::tokenizer {

bool is_white_space(char32_t c) noexcept;     // White_Space
bool is_numeric(char32_t c) noexcept;         // Nd, Nl, No
bool is_punctuation(char32_t c) noexcept;     // P*, and every ASCII punctuation character
bool is_word(char32_t c) noexcept;            // \w of UTS #18: Alphabetic, M, Nd, Pc, Join_Control
bool is_combining_mark(char32_t c) noexcept;  // Mn, Mc, Me

enum class NormalForm : std::uint8_t { nfc, nfd, nfkc, nfkd };

/// Time O(n log n), also for long runs of combining marks. REQUIRES: valid UTF-8.
std::string normalize(std::string_view text, NormalForm form);

/// Every character's own lower case (no final-sigma rule). REQUIRES: valid UTF-8.
std::string to_lower(std::string_view text);

}  // namespace quire::engine::tokenizer
