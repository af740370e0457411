// How --help shows an option: its kind of value or its choices, its default, its environment
// variable.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quire::tools {

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }

  /// "--port INT (default 8000)"; ranges are told when they are violated.
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return {};
    const std::string type =
        option->get_type_name();  // "INT:INT in [0 - 65535]", "TEXT:{cpu,reference}"
    const std::size_t colon = type.find(':');
    const bool choices = colon != std::string::npos && type.compare(colon + 1, 1, "{") == 0;
    std::string text = " " + (choices ? type.substr(colon + 1) : type.substr(0, colon));
    const std::string value = option->get_default_str();
    if (!value.empty() && value != "[]" && value != "\"\"") text += " (default " + value + ")";
    if (!option->get_envname().empty()) text += " (environment " + option->get_envname() + ")";
    return text;
  }
};

}  // namespace quire::tools
