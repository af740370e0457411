// The header of one safetensors file: parsed and checked field by field before any tensor is read.
// Format: 8 bytes little-endian header length, a JSON object {name: {dtype, shape, data_offsets}}
// with an optional "__metadata__" object of strings, then the tensors without gaps or overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_files.h"

namespace quire::engine {

/// The header may be at most that long (the limit of the format's own library).
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

/// What is wrong with a file; the names are those of the format's own library.
enum class SafetensorsFault : std::uint8_t {
  header_too_small,            // fewer than 8 bytes
  header_too_large,            // length field beyond the limit
  invalid_header_length,       // length field beyond the file
  invalid_header,              // not UTF-8
  invalid_header_json,         // not JSON, or not of the documented form
  invalid_offset,              // reversed, overlapping or leaving a hole
  tensor_invalid_info,         // offsets do not span shape times dtype
  validation_overflow,         // a product of the shape exceeds 64 bits
  metadata_incomplete_buffer,  // the tensors do not end where the file ends
};

class SafetensorsError : public LoadError {
 public:
  SafetensorsError(SafetensorsFault fault, const std::string& message)
      : LoadError(message), fault_(fault) {}
  SafetensorsFault fault() const noexcept { return fault_; }

 private:
  SafetensorsFault fault_;
};

/// One tensor as stored. Its bytes start at no particular alignment.
struct StoredTensor {
  std::string name;
  std::string_view dtype;  // "BF16"; static storage
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  // offsets into the bytes after the header
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  // by offset
  std::size_t body_offset = 0;        // where the tensors' bytes start in the file
};

/// Checks the whole file's structure. `label` names the file in messages. Throws SafetensorsError.
/// Thread: any.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file,
                                           const std::string& label);

/// "[512, 64]", for messages; long lists are cut.
std::string shape_text(std::span<const std::uint64_t> shape);

}  // namespace quire::engine
