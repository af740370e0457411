#include "tools/byte_size.h"

#include <gtest/gtest.h>

namespace quire::tools {
namespace {

TEST(ByteSize, UnitsCountInThousandsOr1024s) {
  EXPECT_EQ(parse_byte_size("65536"), 65536U);
  EXPECT_EQ(parse_byte_size("2GiB"), 2147483648U);
  EXPECT_EQ(parse_byte_size("2gb"), 2000000000U);
  EXPECT_EQ(parse_byte_size("1.5 MiB"), 1572864U);
  EXPECT_EQ(parse_byte_size("3k"), 3072U);
}

TEST(ByteSize, OtherTextsAreNoSize) {
  for (const char* text :
       {"", "GiB", "-1", "-1GiB", "1 potato", "nan", "inf", "1e30TiB", "1GiBx"}) {
    EXPECT_FALSE(parse_byte_size(text)) << text;
  }
}

TEST(ByteSize, PeopleReadTheLargestUnit) {
  EXPECT_EQ(format_byte_size(3), "3 bytes");
  EXPECT_EQ(format_byte_size(1536), "1.5 KiB");
  EXPECT_EQ(format_byte_size(3U << 20U), "3.0 MiB");
  EXPECT_EQ(format_byte_size(std::size_t{5} << 29U), "2.5 GiB");
}

}  // namespace
}  // namespace quire::tools
