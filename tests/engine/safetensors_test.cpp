// Every field of a safetensors header: own cases in the text below, and the malformed files of the
// shared data with what their EXPECT.json says.

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/safetensors/header.h"

namespace quire::engine {
namespace {

using Fault = SafetensorsFault;

/// A file as bytes that outlive the views into it.
std::string file_of(const std::string& header, std::size_t body_bytes) {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + std::string(body_bytes, '\1');
}

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::optional<Fault> fault_of(const std::string& file) {
  try {
    (void)parse_safetensors_header(bytes(file), "test.safetensors");
    return std::nullopt;
  } catch (const SafetensorsError& error) {
    EXPECT_NE(std::string(error.what()).find("test.safetensors"), std::string::npos);
    return error.fault();
  }
}

std::string tensor(const std::string& shape, const std::string& offsets,
                   const std::string& dtype = "I32") {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

struct HeaderCase {
  const char* what;
  std::string file;
  std::optional<Fault> fault;
};

void PrintTo(const HeaderCase& each, std::ostream* out) {
  *out << each.what;
}

class SafetensorsHeaderCase : public testing::TestWithParam<HeaderCase> {};

TEST_P(SafetensorsHeaderCase, IsAcceptedOrRefusedForItsFault) {
  EXPECT_EQ(fault_of(GetParam().file), GetParam().fault);
}

std::string with_length(std::uint64_t length, std::string file) {
  std::memcpy(file.data(), &length, sizeof length);
  return file;
}

INSTANTIATE_TEST_SUITE_P(
    Length, SafetensorsHeaderCase,
    testing::Values(HeaderCase{"an empty file", "", Fault::header_too_small},
                    HeaderCase{"seven bytes", std::string(7, '\0'), Fault::header_too_small},
                    HeaderCase{"length zero", std::string(8, '\0'), Fault::invalid_header_json},
                    HeaderCase{"length 2^64-1", with_length(~std::uint64_t{0}, file_of("{}", 0)),
                               Fault::header_too_large},
                    HeaderCase{"length over the limit",
                               with_length(kMaxSafetensorsHeaderBytes + 1, file_of("{}", 0)),
                               Fault::header_too_large},
                    HeaderCase{"length beyond the file", with_length(3, file_of("{}", 0)),
                               Fault::invalid_header_length},
                    HeaderCase{"no tensors", file_of("{}", 0), std::nullopt},
                    HeaderCase{"padding", file_of("{}   \n", 0), std::nullopt}));

INSTANTIATE_TEST_SUITE_P(
    Json, SafetensorsHeaderCase,
    testing::Values(
        HeaderCase{"a byte that is not UTF-8", file_of("\xff", 0), Fault::invalid_header},
        HeaderCase{"an overlong name", file_of("{\"\xc0\x80\":{}}", 0), Fault::invalid_header},
        HeaderCase{"no JSON", file_of("{", 0), Fault::invalid_header_json},
        HeaderCase{"a list", file_of("[1]", 0), Fault::invalid_header_json},
        HeaderCase{"null", file_of("null", 0), Fault::invalid_header_json},
        HeaderCase{"two documents", file_of("{}{}", 0), Fault::invalid_header_json},
        HeaderCase{"a tensor that is a number", file_of(R"({"a":1})", 0),
                   Fault::invalid_header_json},
        HeaderCase{"a tensor that is a list", file_of(R"({"a":[]})", 0),
                   Fault::invalid_header_json},
        HeaderCase{"a lone surrogate", file_of(R"({"\ud800":{}})", 0), Fault::invalid_header_json},
        HeaderCase{"deep nesting", file_of(R"({"a":)" + std::string(100000, '['), 0),
                   Fault::invalid_header_json},
        HeaderCase{"deep objects", file_of(R"({"a":{"shape":)" + std::string(100000, '{') + "}", 0),
                   Fault::invalid_header_json},
        HeaderCase{"metadata of strings", file_of(R"({"__metadata__":{"k":"v"}})", 0),
                   std::nullopt},
        HeaderCase{"metadata of numbers", file_of(R"({"__metadata__":{"k":1}})", 0),
                   Fault::invalid_header_json},
        HeaderCase{"metadata of objects", file_of(R"({"__metadata__":{"k":{}}})", 0),
                   Fault::invalid_header_json}));

INSTANTIATE_TEST_SUITE_P(
    Tensor, SafetensorsHeaderCase,
    testing::Values(
        HeaderCase{"a whole tensor", file_of(tensor("[2,2]", "[0,16]"), 16), std::nullopt},
        HeaderCase{"a scalar", file_of(tensor("[]", "[0,4]"), 4), std::nullopt},
        HeaderCase{"a zero extent", file_of(tensor("[2,0]", "[0,0]"), 0), std::nullopt},
        HeaderCase{"an unknown dtype", file_of(tensor("[4]", "[0,16]", "Q9"), 16),
                   Fault::invalid_header_json},
        HeaderCase{"half a byte", file_of(tensor("[3]", "[0,1]", "F4"), 1),
                   Fault::tensor_invalid_info},
        HeaderCase{"a float extent", file_of(tensor("[2.0,2]", "[0,16]"), 16),
                   Fault::invalid_header_json},
        HeaderCase{"a negative extent", file_of(tensor("[-2,-2]", "[0,16]"), 16),
                   Fault::invalid_header_json},
        HeaderCase{"no dtype", file_of(R"({"a":{"shape":[4],"data_offsets":[0,16]}})", 16),
                   Fault::invalid_header_json},
        HeaderCase{
            "dtype twice",
            file_of(R"({"a":{"dtype":"I32","dtype":"I32","shape":[4],"data_offsets":[0,16]}})", 16),
            Fault::invalid_header_json},
        HeaderCase{"a field of no meaning",
                   file_of(R"({"a":{"dtype":"I32","shape":[4],"data_offsets":[0,16],"x":[]}})", 16),
                   Fault::invalid_header_json},
        HeaderCase{"a name twice",
                   file_of(R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                           R"("a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}})",
                           2),
                   Fault::invalid_header_json}));

INSTANTIATE_TEST_SUITE_P(
    Offsets, SafetensorsHeaderCase,
    testing::Values(
        HeaderCase{"one offset", file_of(tensor("[4]", "[0]"), 16), Fault::invalid_header_json},
        HeaderCase{"three offsets", file_of(tensor("[4]", "[0,8,16]"), 16),
                   Fault::invalid_header_json},
        HeaderCase{"a negative offset", file_of(tensor("[4]", "[-16,0]"), 16),
                   Fault::invalid_header_json},
        HeaderCase{"reversed", file_of(tensor("[2,2]", "[16,0]"), 16), Fault::invalid_offset},
        HeaderCase{"a first hole", file_of(tensor("[2,2]", "[16,32]"), 32), Fault::invalid_offset},
        HeaderCase{"too short for the shape", file_of(tensor("[2,2]", "[0,4]"), 4),
                   Fault::tensor_invalid_info},
        HeaderCase{"2^64-1", file_of(tensor("[2,2]", "[0,18446744073709551615]"), 16),
                   Fault::tensor_invalid_info},
        HeaderCase{"a shape of 2^64 elements",
                   file_of(tensor("[4294967296,4294967296,0]", "[0,0]"), 0),
                   Fault::validation_overflow},
        HeaderCase{"a shape of 2^64 bytes",
                   file_of(tensor("[2,9223372036854775807]", "[0,16]"), 16),
                   Fault::validation_overflow},
        HeaderCase{"bytes after the last tensor", file_of(tensor("[2,2]", "[0,16]"), 20),
                   Fault::metadata_incomplete_buffer},
        HeaderCase{"a missing end", file_of(tensor("[2,2]", "[0,16]"), 14),
                   Fault::metadata_incomplete_buffer},
        HeaderCase{"an overlap",
                   file_of(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},)"
                           R"("b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}})",
                           3),
                   Fault::invalid_offset},
        HeaderCase{"a hole",
                   file_of(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},)"
                           R"("b":{"dtype":"I8","shape":[2],"data_offsets":[3,5]}})",
                           5),
                   Fault::invalid_offset},
        HeaderCase{"another order than the offsets'",
                   file_of(R"({"b":{"dtype":"I8","shape":[2],"data_offsets":[2,4]},)"
                           R"("a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})",
                           4),
                   std::nullopt}));

TEST(SafetensorsHeader, GivesTensorsByOffsetWithShapeAndDtype) {
  const std::string file = file_of(R"({"b":{"dtype":"BF16","shape":[1,3],"data_offsets":[2,8]},)"
                                   R"("a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})",
                                   8);
  const SafetensorsHeader header = parse_safetensors_header(bytes(file), "file");
  ASSERT_EQ(header.tensors.size(), 2U);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[1].name, "b");
  EXPECT_EQ(header.tensors[1].dtype, "BF16");
  EXPECT_EQ(header.tensors[1].shape, (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(header.body_offset, file.size() - 8);
}

TEST(SafetensorsHeader, NamesTheTensorAndTheFigures) {
  try {
    (void)parse_safetensors_header(bytes(file_of(tensor("[2,2]", "[0,4]"), 4)), "x.safetensors");
    FAIL() << "accepted";
  } catch (const LoadError& error) {
    EXPECT_STREQ(
        error.what(),
        "x.safetensors: tensor 'a': data_offsets [0, 4] should span 16 bytes for I32 [2, 2]");
  }
}

std::string name_of(Fault fault) {
  switch (fault) {
    case Fault::header_too_small:
      return "HeaderTooSmall";
    case Fault::header_too_large:
      return "HeaderTooLarge";
    case Fault::invalid_header_length:
      return "InvalidHeaderLength";
    case Fault::invalid_header:
      return "InvalidHeader";
    case Fault::invalid_header_json:
      return "InvalidHeaderDeserialization";
    case Fault::invalid_offset:
      return "InvalidOffset";
    case Fault::tensor_invalid_info:
      return "TensorInvalidInfo";
    case Fault::validation_overflow:
      return "ValidationOverflow";
    case Fault::metadata_incomplete_buffer:
      return "MetadataIncompleteBuffer";
  }
  return "?";
}

/// "ok", or "error:Name".
std::string outcome_of(const std::string& file) {
  const auto fault = fault_of(file);
  return fault ? "error:" + name_of(*fault) : "ok";
}

/// EXPECT.json: "ok...", "error" (any), "error:Name", "ok or error", "error:Name or ok".
bool meets(const std::string& outcome, const std::string& expected) {
  if (expected.starts_with("ok or error")) return true;
  if (expected.find(" or ok") != std::string::npos) {
    return outcome == "ok" || expected.starts_with(outcome);
  }
  if (expected.starts_with("ok")) return outcome == "ok";
  if (expected.starts_with("error:")) return outcome == expected;
  return outcome.starts_with("error");
}

TEST(SafetensorsHeader, TreatsTheSharedMalformedFilesAsExpected) {
  const auto folder = std::filesystem::path(QUIRE_SHARED_DATA) / "formats/safetensors_malformed";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  std::ifstream expectations(folder / "EXPECT.json");
  int files = 0;
  for (const auto& entry : nlohmann::json::parse(expectations)) {
    const auto name = entry["file"].get<std::string>();
    std::ifstream stream(folder / name, std::ios::binary);
    const std::string file{std::istreambuf_iterator<char>(stream), {}};
    ASSERT_EQ(file.size(), entry["bytes"].get<std::size_t>()) << name;
    const auto start = std::chrono::steady_clock::now();
    const std::string outcome = outcome_of(file);
    // The largest holds 200 KB; a quadratic reader would need minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2)) << name;
    EXPECT_TRUE(meets(outcome, entry["expect"].get<std::string>()))
        << name << " gives " << outcome << ", expected " << entry["expect"];
    ++files;
  }
  EXPECT_GE(files, 47);
}

}  // namespace
}  // namespace quire::engine
