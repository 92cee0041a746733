#include "server/metrics/slow_log.h"

#include <doctest/doctest.h>

namespace tarn {
namespace {

std::vector<std::string> abridged(const std::vector<std::string>& words) {
  const std::vector<std::string_view> args(words.begin(), words.end());
  return abridge(args, [](std::size_t) { return false; });
}

SlowLog::Entry entry(std::string_view name) {
  return {.id = 0,
          .time_s = 1,
          .duration_us = 2,
          .args = {std::string(name)},
          .client_address = "",
          .client_name = ""};
}

}  // namespace

TEST_CASE("SlowLog: the newest first, and no more than it may hold") {
  SlowLog log;
  log.set_max_length(2);
  for (const auto name : {"a", "b", "c"}) log.add(entry(name));
  REQUIRE(log.entries().size() == 2);
  CHECK(log.entries()[0].args[0] == "c");
  CHECK(log.entries()[0].id == 2);
  CHECK(log.entries()[1].id == 1);
  log.set_max_length(1);
  REQUIRE(log.entries().size() == 1);
  CHECK(log.entries()[0].id == 2);
}

TEST_CASE("SlowLog: ids go on after a reset; a length of none keeps none") {
  SlowLog log;
  log.add(entry("a"));
  log.reset();
  CHECK(log.entries().empty());
  log.add(entry("b"));
  CHECK(log.entries()[0].id == 1);
  log.set_max_length(0);
  log.add(entry("c"));
  CHECK(log.entries().empty());
}

TEST_CASE("abridge: what is short stays as it is") {
  CHECK(abridged({"SET", "k", ""}) == std::vector<std::string>{"SET", "k", ""});
  CHECK(abridged({std::string(128, 'x')})[0] == std::string(128, 'x'));
  CHECK(abridged(std::vector<std::string>(32, "x")).size() == 32);
}

TEST_CASE("abridge: long arguments and many of them") {
  CHECK(abridged({std::string(200, 'x')})[0] == std::string(128, 'x') + "... (72 more bytes)");
  const auto many = abridged(std::vector<std::string>(33, "x"));
  REQUIRE(many.size() == 32);
  CHECK(many[30] == "x");
  CHECK(many[31] == "... (2 more arguments)");
}

TEST_CASE("abridge: secrets") {
  const std::vector<std::string_view> args = {"AUTH", "secret"};
  CHECK(abridge(args, [](std::size_t position) { return position == 1; }) ==
        std::vector<std::string>{"AUTH", "(redacted)"});
}

}  // namespace tarn
