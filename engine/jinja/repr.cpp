#include "engine/jinja/repr.h"

#include <array>
#include <cstdio>

#include "engine/jinja/numbers.h"
#include "engine/jinja/unicode.h"

namespace quire::engine::jinja {
namespace {

using Kind = Sequence::Kind;

class Printer {
 public:
  explicit Printer(Runtime& rt) : rt_(rt) {}

  void print(const Value& value) {
    const Budget::Level level(rt_.budget);
    rt_.budget.spend();
    std::visit([this](const auto& content) { print_content(content); }, value.content());
    rt_.budget.check_text(out_.size());
  }
  std::string take() { return std::move(out_); }

 private:
  void print_content(const Undefined&) { out_ += "Undefined"; }
  void print_content(const None&) { out_ += "None"; }
  void print_content(bool value) { out_ += value ? "True" : "False"; }
  void print_content(std::int64_t value) { out_ += std::to_string(value); }
  void print_content(double value) { out_ += float_repr(value); }
  void print_content(const TextRef& text) {
    rt_.budget.spend_bytes(text->bytes.size());
    const std::string shown = repr_of_text(text->bytes);
    out_ += text->markup ? "Markup(" + shown + ")" : shown;
  }
  void print_content(const SequenceRef& sequence) {
    switch (sequence->kind) {
      case Kind::list:
        return print_items(*sequence, "[", "]");
      case Kind::tuple:
      case Kind::group:
        return print_items(*sequence, "(", sequence->items.size() == 1 ? ",)" : ")");
      case Kind::range:
        return print_range(*sequence);
      case Kind::generator:
        out_ += "<generator object>";
        return;
      case Kind::keys:
        return print_items(*sequence, "dict_keys([", "])");
      case Kind::values:
        return print_items(*sequence, "dict_values([", "])");
      case Kind::items:
        return print_items(*sequence, "dict_items([", "])");
    }
  }
  void print_content(const DictRef& dict) {
    out_ += "{";
    std::string_view separator;
    for (const auto& [key, value] : dict->entries) {
      out_ += separator;
      print(key);
      out_ += ": ";
      print(value);
      separator = ", ";
    }
    out_ += "}";
  }
  void print_content(const NamespaceRef& names) {
    out_ += "<Namespace {";
    std::string_view separator;
    for (const auto& [name, value] : names->attributes) {
      out_ += separator;
      out_ += repr_of_text(name) + ": ";
      print(value);
      separator = ", ";
    }
    out_ += "}>";
  }
  void print_content(const CallableRef& callable) {
    out_ += callable->macro != nullptr ? "<Macro " + repr_of_text(callable->name) + ">"
                                       : "<function " + callable->name + ">";
  }
  void print_content(const LoopRef& loop) {
    out_ += "<LoopContext " + std::to_string(loop->index0 + 1) + "/" +
            std::to_string(loop->items.size()) + ">";
  }

  void print_items(const Sequence& sequence, std::string_view open, std::string_view close) {
    out_ += open;
    std::string_view separator;
    for (const Value& item : sequence.items) {
      out_ += separator;
      print(item);
      separator = ", ";
    }
    out_ += close;
  }
  void print_range(const Sequence& range) {
    out_ += "range(" + std::to_string(range.bounds[0]) + ", " + std::to_string(range.bounds[1]);
    if (range.bounds[2] != 1) out_ += ", " + std::to_string(range.bounds[2]);
    out_ += ")";
  }

  Runtime& rt_;
  std::string out_;
};

void append_escape(char32_t c, std::string& out) {
  std::array<char, 16> buffer{};
  const auto code = static_cast<unsigned>(c >= kBadByte && c < kBadByte + 0x100 ? c - kBadByte : c);
  const char* format = code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x";
  const int n = std::snprintf(buffer.data(), buffer.size(), format, code);
  out.append(buffer.data(), static_cast<std::size_t>(n));
}

}  // namespace

std::string repr_of_text(std::string_view text) {
  const bool double_quoted = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = double_quoted ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t pos = 0; pos < text.size();) {
    const char32_t c = decode(text, pos);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      encode(c, out);
    } else {
      append_escape(c, out);
    }
  }
  out.push_back(quote);
  return out;
}

std::string repr_of(Runtime& rt, const Value& value) {
  Printer printer(rt);
  printer.print(value);
  return printer.take();
}

std::string str_of(Runtime& rt, const Value& value) {
  if (const Text* text = value.text()) {
    rt.budget.spend_bytes(text->bytes.size());
    return text->bytes;
  }
  if (value.is_undefined()) return "";
  return repr_of(rt, value);
}

TextRef soft_text(Runtime& rt, const Value& value) {
  if (const TextRef* text = value.get_if<TextRef>()) return *text;
  const Value made = rt.text(str_of(rt, value));
  return *made.get_if<TextRef>();
}

}  // namespace quire::engine::jinja
