#include "engine/safetensors/header_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

namespace quire::engine {
namespace {

struct DtypeBits {
  std::string_view name;
  std::uint32_t bits;
};

constexpr std::array kDtypes{
    DtypeBits{"BOOL", 8},    DtypeBits{"U8", 8},      DtypeBits{"I8", 8},
    DtypeBits{"F8_E4M3", 8}, DtypeBits{"F8_E5M2", 8}, DtypeBits{"F8_E8M0", 8},
    DtypeBits{"U16", 16},    DtypeBits{"I16", 16},    DtypeBits{"F16", 16},
    DtypeBits{"BF16", 16},   DtypeBits{"U32", 32},    DtypeBits{"I32", 32},
    DtypeBits{"F32", 32},    DtypeBits{"U64", 64},    DtypeBits{"I64", 64},
    DtypeBits{"F64", 64},    DtypeBits{"C64", 64},    DtypeBits{"F4", 4},
    DtypeBits{"F6_E2M3", 6}, DtypeBits{"F6_E3M2", 6},
};

/// Where the reader stands. Nesting is fixed by the format, so the state is the whole stack.
enum class Place : std::uint8_t {
  outside,
  header,    // { here: names
  metadata,  // "__metadata__": { here
  tensor,    // name: { here: dtype, shape, data_offsets
  shape,     // [ here
  offsets,   // [ here
  finished,
};

enum class Field : std::uint8_t { none, dtype, shape, data_offsets };

/// Receives nlohmann's SAX events; returning false stops the parser with `problem` set.
class HeaderReader {
 public:
  std::vector<StoredTensor> take() { return std::move(tensors_); }
  const std::string& problem() const { return problem_; }

  bool null() { return unexpected("null"); }
  bool boolean(bool) { return unexpected("a boolean"); }
  bool number_integer(std::int64_t) { return unexpected("a negative number"); }
  bool number_float(double, const std::string&) { return unexpected("a fraction"); }
  bool binary(nlohmann::json::binary_t&) { return unexpected("binary"); }

  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::shape) {
      tensors_.back().shape.push_back(value);
      return true;
    }
    if (place_ != Place::offsets) return unexpected("a number");
    if (offsets_read_ == 2) return fail(quoted() + " has more than two data_offsets");
    (offsets_read_++ == 0 ? tensors_.back().begin : tensors_.back().end) = value;
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::metadata) return true;
    if (place_ != Place::tensor || field_ != Field::dtype) return unexpected("a string");
    const auto* known = std::find_if(kDtypes.begin(), kDtypes.end(),
                                     [&](const DtypeBits& dtype) { return dtype.name == value; });
    if (known == kDtypes.end()) return fail(quoted() + " has the unknown dtype '" + value + "'");
    tensors_.back().dtype = known->name;
    field_ = Field::none;
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::outside) {
      place_ = Place::header;
      return true;
    }
    if (place_ != Place::header) return unexpected("an object");
    place_ = in_metadata_ ? Place::metadata : Place::tensor;
    fields_seen_ = 0;
    return true;
  }

  bool key(std::string& name) {
    if (place_ == Place::metadata) return true;
    if (place_ == Place::header) return start_entry(name);
    return start_field(name);
  }

  bool end_object() {
    if (place_ == Place::header) {
      place_ = Place::finished;
      return true;
    }
    if (place_ == Place::tensor && fields_seen_ != kAllFields) {
      return fail(quoted() + " lacks dtype, shape or data_offsets");
    }
    place_ = Place::header;
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ != Place::tensor || field_ == Field::dtype) return unexpected("a list");
    place_ = field_ == Field::shape ? Place::shape : Place::offsets;
    offsets_read_ = 0;
    return true;
  }

  bool end_array() {
    if (place_ == Place::offsets && offsets_read_ != 2) {
      return fail(quoted() + " needs two data_offsets");
    }
    place_ = Place::tensor;
    field_ = Field::none;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    return fail("not valid JSON at byte " + std::to_string(position));
  }

 private:
  static constexpr unsigned kAllFields = 7;  // one bit each for dtype, shape, data_offsets

  bool start_entry(const std::string& name) {
    if (!names_.insert(name).second) return fail("tensor '" + name + "' is named twice");
    in_metadata_ = name == "__metadata__";
    if (!in_metadata_) tensors_.push_back({.name = name, .dtype = {}, .shape = {}});
    return true;
  }

  bool start_field(const std::string& name) {
    if (name == "dtype") {
      field_ = Field::dtype;
    } else if (name == "shape") {
      field_ = Field::shape;
    } else if (name == "data_offsets") {
      field_ = Field::data_offsets;
    } else {
      return fail(quoted() + " has the unknown field '" + name + "'");
    }
    const unsigned bit = 1U << (static_cast<unsigned>(field_) - 1U);
    if ((fields_seen_ & bit) != 0) return fail(quoted() + " names '" + name + "' twice");
    fields_seen_ |= bit;
    return true;
  }

  bool unexpected(const char* what) {
    return fail(std::string(what) + " where the format has none" +
                (place_ == Place::outside || tensors_.empty() ? "" : ", at " + quoted()));
  }
  bool fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  std::string quoted() const {
    return in_metadata_ ? std::string("__metadata__") : "tensor '" + tensors_.back().name + "'";
  }

  Place place_ = Place::outside;
  Field field_ = Field::none;
  bool in_metadata_ = false;
  unsigned fields_seen_ = 0;
  int offsets_read_ = 0;
  std::vector<StoredTensor> tensors_;
  std::unordered_set<std::string> names_;
  std::string problem_;
};

}  // namespace

std::uint32_t dtype_bits(std::string_view dtype) noexcept {
  for (const DtypeBits& known : kDtypes) {
    if (known.name == dtype) return known.bits;
  }
  return 0;
}

std::vector<StoredTensor> parse_header_json(std::string_view text, const std::string& label) {
  HeaderReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) {
    throw SafetensorsError(SafetensorsFault::invalid_header_json,
                           label + ": bad safetensors header: " + reader.problem());
  }
  return reader.take();
}

}  // namespace quire::engine
