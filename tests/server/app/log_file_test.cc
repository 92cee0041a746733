#include "server/app/log_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

TEST_CASE_FIXTURE(TemporaryDirectory, "lines are appended to what is there") {
  std::ofstream(path() + "/log") << "old\n";
  const auto log = LogFile::open(path() + "/log");
  REQUIRE(log.ok());
  (*log)->write("new\n");
  CHECK(read("log") == "old\nnew\n");
}

TEST_CASE_FIXTURE(TemporaryDirectory, "a log that was moved away or deleted is begun anew") {
  const auto log = LogFile::open(path() + "/log");
  REQUIRE(log.ok());
  (*log)->write("one\n");
  std::filesystem::rename(path() + "/log", path() + "/log.1");
  (*log)->write("two\n");
  (*log)->write("three\n");
  CHECK(read("log.1") == "one\n");
  CHECK(read("log") == "two\nthree\n");
  std::filesystem::remove(path() + "/log");
  (*log)->write("four\n");
  CHECK(read("log") == "four\n");
}

TEST_CASE_FIXTURE(TemporaryDirectory, "a log that another file has replaced goes on in that") {
  const auto log = LogFile::open(path() + "/log");
  REQUIRE(log.ok());
  std::ofstream(path() + "/next") << "made by logrotate\n";
  std::filesystem::rename(path() + "/next", path() + "/log");
  (*log)->write("one\n");
  CHECK(read("log") == "made by logrotate\none\n");
}

TEST_CASE_FIXTURE(TemporaryDirectory, "a log that was cut, as by copytruncate, has no hole") {
  const auto log = LogFile::open(path() + "/log");
  REQUIRE(log.ok());
  (*log)->write("one\n");
  std::filesystem::resize_file(path() + "/log", 0);
  (*log)->write("two\n");
  CHECK(read("log") == "two\n");
}

TEST_CASE_FIXTURE(TemporaryDirectory, "where no new file can be made, the old one goes on") {
  std::filesystem::create_directory(path() + "/logs");
  const auto log = LogFile::open(path() + "/logs/log");
  REQUIRE(log.ok());
  std::filesystem::rename(path() + "/logs", path() + "/old");
  (*log)->write("one\n");
  CHECK(read("old/log") == "one\n");
}

TEST_CASE_FIXTURE(TemporaryDirectory, "a directory that is not there is not made") {
  const auto log = LogFile::open(path() + "/none/log");
  REQUIRE(!log.ok());
  CHECK(log.error().message == "Cannot open " + path() + "/none/log: No such file or directory");
  CHECK(!std::filesystem::exists(path() + "/none"));
}

}  // namespace
}  // namespace tarn
