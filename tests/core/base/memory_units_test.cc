#include "core/base/memory_units.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string_view>

namespace tarn {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

std::uint64_t parsed(std::string_view text) {
  const Result<std::uint64_t> bytes = parse_memory(text);
  REQUIRE(bytes.ok());
  return *bytes;
}

}  // namespace

TEST_CASE("memory units: reading") {
  CHECK(parsed("0") == 0);
  CHECK(parsed("007") == 7);
  CHECK(parsed("1b") == 1);
  CHECK(parsed("2k") == 2000);
  CHECK(parsed("2KB") == 2048);
  CHECK(parsed("3m") == 3'000'000);
  CHECK(parsed("3Mb") == 3 << 20);
  CHECK(parsed("4G") == 4'000'000'000);
  CHECK(parsed("4gb") == std::uint64_t{4} << 30);
  CHECK(parsed("8589934592gb") == std::uint64_t{1} << 63);
  CHECK(parsed("18446744073709551615") == kLargest);
}

TEST_CASE("memory units: refused") {
  for (const std::string_view text :
       {"", "b", "mb", "-1", "-0", "+5", " 1", "1 mb", "1.5mb", "1t", "1tb", "1bb", "0x10",
        "18446744073709551616", "17179869184gb", "99999999999gb", "100000000000000000000b"}) {
    CAPTURE(text);
    const Result<std::uint64_t> bytes = parse_memory(text);
    REQUIRE_FALSE(bytes.ok());
    CHECK(bytes.error().message == "argument must be a memory value");
  }
}

TEST_CASE("memory units: rendering") {
  CHECK(format_memory_human(0) == "0B");
  CHECK(format_memory_human(1023) == "1023B");
  CHECK(format_memory_human(1024) == "1.00K");
  CHECK(format_memory_human(1288490) == "1.23M");
  CHECK(format_memory_human((1 << 20) - 1) == "1024.00K");
  CHECK(format_memory_human(1 << 20) == "1.00M");
  CHECK(format_memory_human(std::uint64_t{1} << 30) == "1.00G");
  CHECK(format_memory_human(std::uint64_t{3} << 39) == "1.50T");
  CHECK(format_memory_human(std::uint64_t{1} << 50) == "1.00P");
  CHECK(format_memory_human(std::uint64_t{1} << 60) == "1152921504606846976B");
}

}  // namespace tarn
