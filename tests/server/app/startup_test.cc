#include "server/app/startup.h"

#include <doctest/doctest.h>

#include <vector>

namespace tarn {
namespace {

std::string answer(const std::vector<std::string>& arguments) {
  return answer_command_line(arguments).value_or("");
}

}  // namespace

TEST_CASE("answer_command_line: version and help") {
  CHECK(answer({"-v"}).starts_with("Tarn server v="));
  CHECK(answer({"--version"}) == answer({"-v"}));
  CHECK(answer({"-h"}).starts_with("Usage: "));
  CHECK(answer({"--help"}) == answer({"-h"}));
}

TEST_CASE("answer_command_line: everything else is for the server") {
  CHECK(!answer_command_line({}).has_value());
  CHECK(answer({"--port", "1"}).empty());
  CHECK(answer({"file.conf"}).empty());
}

}  // namespace tarn
