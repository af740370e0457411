// Reads NumPy .npy files (format 1.0 and 2.0, C order) into f32: golden tensors of the tests.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace quire::testing_support {

/// Element types: <f4, <i4, <i8, and <u2, which holds the bits of bfloat16. Throws
/// std::runtime_error.
inline std::vector<float> read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) {
    throw std::runtime_error(path + " is not a .npy file");
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const bool wide = byte(6) >= 2;
  const std::size_t start = wide ? 12 : 10;
  std::size_t length = byte(8) | byte(9) << 8;
  if (wide) length |= byte(10) << 16 | byte(11) << 24;
  const std::string header = bytes.substr(start, length);
  const auto type_is = [&](const char* type) {
    return header.find("'descr': '" + std::string(type) + "'") != std::string::npos;
  };
  if (header.find("'fortran_order': False") == std::string::npos) {
    throw std::runtime_error(path + " is in Fortran order");
  }
  const std::size_t width = type_is("<i8") ? 8 : type_is("<u2") ? 2 : 4;
  if (width == 4 && !type_is("<f4") && !type_is("<i4")) {
    throw std::runtime_error(path + " has an unknown element type: " + header);
  }
  std::vector<float> values;
  for (std::size_t at = start + length; at + width <= bytes.size(); at += width) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, width);  // little-endian, as the format says
    const auto low = static_cast<std::uint32_t>(bits);
    if (width == 8) {
      values.push_back(static_cast<float>(static_cast<std::int64_t>(bits)));
    } else if (width == 2) {
      values.push_back(std::bit_cast<float>(low << 16));
    } else if (type_is("<i4")) {
      values.push_back(static_cast<float>(static_cast<std::int32_t>(low)));
    } else {
      values.push_back(std::bit_cast<float>(low));
    }
  }
  return values;
}

}  // namespace quire::testing_support
