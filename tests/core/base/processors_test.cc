#include "core/base/processors.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace tarn {
namespace {

// The numbers of the processors, with spaces between them, or the fault.
std::string parsed(std::string_view list) {
  const auto processors = parse_processors(list);
  if (!processors) return processors.error().message;
  std::string numbers;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &*processors)) numbers += std::to_string(i) + " ";
  }
  return numbers;
}

}  // namespace

TEST_CASE("lists of processors are numbers, ranges, and ranges with a step") {
  CHECK(parsed("3") == "3 ");
  CHECK(parsed("1,10-11") == "1 10 11 ");
  CHECK(parsed("0-7:2,9") == "0 2 4 6 9 ");
  CHECK(parsed("5-5,5") == "5 ");
  CHECK(parsed("1022-1023:18446744073709551615") == "1022 ");
}

TEST_CASE("what is no list of processors is refused") {
  for (const char* list : {"", ",", "1,", ",1", "1,,2", "a", "-1", "1-", "3-1", "0-7:", "0-7:0",
                           "0-7:x", "3:2", "1 2", "1024", "18446744073709551616", "0-1-2"}) {
    CAPTURE(list);
    CHECK(parsed(list) == "'" + std::string(list) + "' is no list of processors");
  }
}

}  // namespace tarn
