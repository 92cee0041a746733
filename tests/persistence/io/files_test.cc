#include "persistence/io/files.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

struct Folder : TemporaryDirectory {
  const std::string file = write("file", "0123456789");
};

TEST_CASE_FIXTURE(Folder, "a cut leaves the beginning") {
  REQUIRE(cut_file(file, 4));
  CHECK(read("file") == "0123");
  CHECK(files().size() == 1);
  CHECK_FALSE(cut_file(path() + "/missing", 4));
}

TEST_CASE_FIXTURE(Folder, "a cut leaves the whole to the file's other names") {
  const std::string backup = path() + "/backup";
  fs::create_hard_link(file, backup);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  REQUIRE(cut_file(file, 4));
  CHECK(read("file") == "0123");
  CHECK(read("backup") == "0123456789");
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(files().size() == 2);
}

TEST_CASE_FIXTURE(Folder, "a beginning is copied in place of what was there, or nothing is") {
  const std::string copy = path() + "/copy";
  write("copy", "something else, which is longer");
  REQUIRE(copy_beginning(file, copy, 10));
  CHECK(read("copy") == "0123456789");
  const auto longer = copy_beginning(file, copy, 11);
  REQUIRE_FALSE(longer);
  CHECK(longer.error().message == "Cannot copy " + file + ": it has become shorter");
  CHECK_FALSE(fs::exists(copy));
}

}  // namespace
}  // namespace tarn
