#include "engine/jinja/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/jinja/numbers.h"
#include "engine/jinja/operators.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

Value integer_from(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail("the integer " + std::to_string(value) + " does not fit into 64 bits with a sign");
  }
  return static_cast<std::int64_t>(value);
}

class Dumper {
 public:
  Dumper(Runtime& rt, const DumpStyle& style) : rt_(rt), style_(style) {}

  void dump(const Value& value) {
    rt_.budget.spend();
    rt_.budget.check_text(out_.size());
    if (const Text* text = value.text()) {
      dump_text(text->bytes);
    } else if (value.is_none()) {
      out_ += "null";
    } else if (const bool* boolean = value.get_if<bool>()) {
      out_ += *boolean ? "true" : "false";
    } else if (const auto number = number_of(value)) {
      out_ += number->integral ? std::to_string(number->integer) : real(number->real);
    } else if (const Dict* dict = value.dict()) {
      dump_dict(*dict);
    } else if (const Sequence* sequence = value.sequence(); is_array(sequence)) {
      dump_array(sequence->items);
    } else {
      fail("Object of type " + std::string(type_name(value)) + " is not JSON serializable");
    }
  }
  std::string take() {
    rt_.budget.check_text(out_.size());
    return std::move(out_);
  }

 private:
  static bool is_array(const Sequence* sequence) {
    return sequence != nullptr &&
           (sequence->kind == Sequence::Kind::list || sequence->kind == Sequence::Kind::tuple ||
            sequence->kind == Sequence::Kind::group);
  }

  static std::string real(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return float_repr(value);
  }

  void dump_unit(unsigned unit) {
    std::array<char, 8> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "\\u%04x", unit & 0xFFFFU);
    out_ += buffer.data();
  }

  void dump_text(std::string_view text) {
    rt_.budget.spend_bytes(text.size());
    out_ += '"';
    for (std::size_t pos = 0; pos < text.size();) {
      const char32_t c = decode(text, pos);
      constexpr std::string_view kEscaped = "\"\\\n\r\t\f\b";
      constexpr std::string_view kLetters = "\"\\nrtfb";
      const std::size_t escape = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : kEscaped.npos;
      if (escape != kEscaped.npos) {
        out_ += '\\';
        out_ += kLetters[escape];
      } else if (c < 0x20) {
        dump_unit(c);
      } else if (c < 0x7F || !style_.ensure_ascii) {
        encode(c, out_);
      } else if (c < 0x10000) {
        dump_unit(c);
      } else {
        dump_unit(0xD800U + ((c - 0x10000U) >> 10U));
        dump_unit(0xDC00U + ((c - 0x10000U) & 0x3FFU));
      }
    }
    out_ += '"';
  }

  std::string key_text(const Value& key) {
    if (const Text* text = key.text()) return text->bytes;
    if (key.is_none()) return "null";
    if (const bool* boolean = key.get_if<bool>()) return *boolean ? "true" : "false";
    if (const auto number = number_of(key)) {
      return number->integral ? std::to_string(number->integer) : real(number->real);
    }
    fail("keys must be str, int, float, bool or None, not " + std::string(type_name(key)));
  }

  void new_line() {
    if (!style_.indent) return;
    rt_.budget.check_text(out_.size() + level_ * style_.indent->size());
    out_ += '\n';
    for (std::size_t i = 0; i < level_; ++i) out_ += *style_.indent;
  }

  void dump_array(const std::vector<Value>& items) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++level_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line();
      dump(items[i]);
    }
    --level_;
    new_line();
    out_ += ']';
  }

  void dump_dict(const Dict& dict) {
    if (dict.entries.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(), [&](const auto* a, const auto* b) {
        return compare_keys(rt_, a->first, b->first) < 0;
      });
    }
    out_ += '{';
    ++level_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      new_line();
      dump_text(key_text(entries[i]->first));
      out_ += style_.key_separator;
      dump(entries[i]->second);
    }
    --level_;
    new_line();
    out_ += '}';
  }

  Runtime& rt_;
  const DumpStyle& style_;
  std::string out_;
  std::size_t level_ = 0;
};

}  // namespace

Value from_json(Runtime& rt, const nlohmann::ordered_json& json) {
  const Budget::Level level(rt.budget);
  rt.budget.spend();
  switch (json.type()) {
    case nlohmann::ordered_json::value_t::null:
      return None{};
    case nlohmann::ordered_json::value_t::boolean:
      return json.get<bool>();
    case nlohmann::ordered_json::value_t::number_integer:
      return json.get<std::int64_t>();
    case nlohmann::ordered_json::value_t::number_unsigned:
      return integer_from(json.get<std::uint64_t>());
    case nlohmann::ordered_json::value_t::number_float:
      return json.get<double>();
    case nlohmann::ordered_json::value_t::string:
      return rt.text(json.get_ref<const std::string&>());
    case nlohmann::ordered_json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const auto& item : json) items.push_back(from_json(rt, item));
      return rt.list(std::move(items));
    }
    case nlohmann::ordered_json::value_t::object: {
      std::vector<Dict::Entry> entries;
      entries.reserve(json.size());
      for (const auto& [key, value] : json.items()) {
        entries.emplace_back(rt.text(key), from_json(rt, value));
      }
      return rt.dict(std::move(entries));
    }
    default:
      fail("a template variable is neither text, number, boolean, null, array nor object");
  }
}

std::string to_json(Runtime& rt, const Value& value, const DumpStyle& style) {
  Dumper dumper(rt, style);
  dumper.dump(value);
  return dumper.take();
}

}  // namespace quire::engine::jinja
