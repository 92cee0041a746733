#include "core/base/crc64.h"

#include <doctest/doctest.h>

#include <string>

namespace tarn {
namespace {

TEST_CASE("CRC-64 of the published check string") {
  CHECK(crc64(0, "123456789") == 0xe9c6d914c4b8d9ca);
  CHECK(crc64(0, "") == 0);
}

TEST_CASE("a CRC goes on from any place") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  const std::uint64_t whole = crc64(0, bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 13) {
    CHECK(crc64(crc64(0, bytes.substr(0, cut)), bytes.substr(cut)) == whole);
  }
}

}  // namespace
}  // namespace tarn
