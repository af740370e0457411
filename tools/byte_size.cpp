#include "tools/byte_size.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace quire::tools {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr double kKibi = 1024;
constexpr std::array<Unit, 14> kUnits{{{"", 1},
                                       {"b", 1},
                                       {"k", kKibi},
                                       {"kib", kKibi},
                                       {"kb", 1e3},
                                       {"m", kKibi* kKibi},
                                       {"mib", kKibi* kKibi},
                                       {"mb", 1e6},
                                       {"g", kKibi* kKibi* kKibi},
                                       {"gib", kKibi* kKibi* kKibi},
                                       {"gb", 1e9},
                                       {"t", kKibi* kKibi* kKibi* kKibi},
                                       {"tib", kKibi* kKibi* kKibi* kKibi},
                                       {"tb", 1e12}}};
constexpr double kLargest = 0x1p62;

}  // namespace

std::optional<std::size_t> parse_byte_size(std::string_view text) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string unit;
  for (const char* at = rest; at != text.data() + text.size(); ++at) {
    if (*at != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*at)));
  }
  for (const Unit& known : kUnits) {
    if (known.name != unit) continue;
    const double bytes = number * known.bytes;
    if (bytes > kLargest) return std::nullopt;
    return static_cast<std::size_t>(bytes);
  }
  return std::nullopt;
}

std::string format_byte_size(std::size_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value >= kKibi * kKibi * kKibi)
    return fmt::format("{:.1f} GiB", value / (kKibi * kKibi * kKibi));
  if (value >= kKibi * kKibi) return fmt::format("{:.1f} MiB", value / (kKibi * kKibi));
  if (value >= kKibi) return fmt::format("{:.1f} KiB", value / kKibi);
  return fmt::format("{} bytes", bytes);
}

}  // namespace quire::tools
