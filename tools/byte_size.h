// Sizes of memory as people write them: "512MiB", "2GiB", "1.5 GB", "65536".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace quire::tools {

/// Nothing if the text is no size, is negative, or does not fit. KB/MB/GB count in thousands,
/// KiB/MiB/GiB (and K/M/G) in 1024s; no unit means bytes. Letter case does not matter.
std::optional<std::size_t> parse_byte_size(std::string_view text);

/// "1.5 GiB", "12.0 MiB", "3 bytes".
std::string format_byte_size(std::size_t bytes);

}  // namespace quire::tools
