#include "engine/safetensors/header.h"

#include <algorithm>
#include <tuple>

#include "engine/safetensors/header_json.h"
#include "engine/tokenizer.h"

namespace quire::engine {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxShownDimensions = 8;

[[noreturn]] void fail(SafetensorsFault fault, const std::string& label, const std::string& what) {
  throw SafetensorsError(fault, label + ": " + what);
}

std::uint64_t read_length(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    length = length << 8U | std::to_integer<std::uint64_t>(file[i]);
  }
  return length;
}

std::string_view header_text(std::span<const std::byte> file, const std::string& label) {
  if (file.size() < kLengthBytes) {
    fail(SafetensorsFault::header_too_small, label,
         "is " + std::to_string(file.size()) + " bytes long, too short for a safetensors file");
  }
  const std::uint64_t length = read_length(file);
  if (length > kMaxSafetensorsHeaderBytes) {
    fail(SafetensorsFault::header_too_large, label,
         "claims a header of " + std::to_string(length) + " bytes; at most " +
             std::to_string(kMaxSafetensorsHeaderBytes) + " are allowed");
  }
  if (length > file.size() - kLengthBytes) {
    fail(SafetensorsFault::invalid_header_length, label,
         "claims a header of " + std::to_string(length) + " bytes but ends after " +
             std::to_string(file.size()) + "; is the download complete?");
  }
  const auto* start = reinterpret_cast<const char*>(file.data()) + kLengthBytes;
  return {start, static_cast<std::size_t>(length)};
}

/// Bytes that shape and dtype ask for; the product is checked at every factor.
std::uint64_t byte_size(const StoredTensor& tensor, const std::string& label) {
  std::uint64_t elements = 1;
  bool overflow = false;
  for (const std::uint64_t extent : tensor.shape) {
    overflow = overflow || __builtin_mul_overflow(elements, extent, &elements);
  }
  std::uint64_t bits = 0;
  overflow = overflow || __builtin_mul_overflow(elements, dtype_bits(tensor.dtype), &bits);
  if (overflow) {
    fail(SafetensorsFault::validation_overflow, label,
         "tensor '" + tensor.name + "': shape " + shape_text(tensor.shape) + " is too large");
  }
  if (bits % 8 != 0) {
    fail(SafetensorsFault::tensor_invalid_info, label,
         "tensor '" + tensor.name + "' does not end on a whole byte");
  }
  return bits / 8;
}

void check_layout(const std::vector<StoredTensor>& tensors, std::uint64_t body_bytes,
                  const std::string& label) {
  std::uint64_t expected_begin = 0;
  for (const StoredTensor& tensor : tensors) {
    const std::string offsets =
        std::string("[") + std::to_string(tensor.begin) + ", " + std::to_string(tensor.end) + "]";
    if (tensor.begin != expected_begin || tensor.end < tensor.begin) {
      fail(SafetensorsFault::invalid_offset, label,
           "tensor '" + tensor.name + "': data_offsets " + offsets + " should start at " +
               std::to_string(expected_begin));
    }
    const std::uint64_t bytes = byte_size(tensor, label);
    if (tensor.end - tensor.begin != bytes) {
      fail(SafetensorsFault::tensor_invalid_info, label,
           "tensor '" + tensor.name + "': data_offsets " + offsets + " should span " +
               std::to_string(bytes) + " bytes for " + std::string(tensor.dtype) + " " +
               shape_text(tensor.shape));
    }
    expected_begin = tensor.end;
  }
  if (expected_begin != body_bytes) {
    fail(SafetensorsFault::metadata_incomplete_buffer, label,
         "holds " + std::to_string(body_bytes) + " bytes of tensors where its header describes " +
             std::to_string(expected_begin) + "; is the download complete?");
  }
}

}  // namespace

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size() && i < kMaxShownDimensions; ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  text += shape.size() > kMaxShownDimensions ? ", ...]" : "]";
  return text;
}

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file,
                                           const std::string& label) {
  const std::string_view text = header_text(file, label);
  if (!is_valid_utf8(text)) {
    fail(SafetensorsFault::invalid_header, label, "has a header that is not UTF-8");
  }
  SafetensorsHeader header;
  header.body_offset = kLengthBytes + text.size();
  header.tensors = parse_header_json(text, label);
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  check_layout(header.tensors, file.size() - header.body_offset, label);
  return header;
}

}  // namespace quire::engine
