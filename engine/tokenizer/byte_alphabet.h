// The byte alphabet of byte-level BPE (GPT-2): every byte is written as one printable character, so
// that a vocabulary of arbitrary bytes is a vocabulary of strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quire::engine::tokenizer {

/// Appends the alphabet's character for each byte.
void append_byte_level(std::string_view bytes, std::string& out);

/// The bytes that `text` writes, or nothing if one of its characters is not in the alphabet.
std::optional<std::string> bytes_of_byte_level(std::string_view text);

}  // namespace quire::engine::tokenizer
