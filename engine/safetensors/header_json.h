// The JSON of a safetensors header as a stream of events: strict in form, bounded in depth, and
// without a document tree, so that a hostile header costs no more than its own length.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/safetensors/header.h"

namespace quire::engine {

/// Tensors in the order of the text. Throws SafetensorsError (invalid_header_json).
std::vector<StoredTensor> parse_header_json(std::string_view text, const std::string& label);

/// Bits per element of a dtype of the format; 0 if there is none of that name.
std::uint32_t dtype_bits(std::string_view dtype) noexcept;

}  // namespace quire::engine
