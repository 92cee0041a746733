#include "persistence/io/files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tarn {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "tarn-files-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    file = path + "/file";
    put("0123456789");
  }
  ~Folder() { fs::remove_all(path); }

  void put(const std::string& content) const { std::ofstream(file, std::ios::binary) << content; }
  static std::string content(const std::string& of) {
    std::ostringstream text;
    text << std::ifstream(of, std::ios::binary).rdbuf();
    return text.str();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }

  std::string path;
  std::string file;
};

TEST_CASE_FIXTURE(Folder, "a cut leaves the beginning") {
  REQUIRE(cut_file(file, 4));
  CHECK(content(file) == "0123");
  CHECK(files() == 1);
  CHECK_FALSE(cut_file(path + "/missing", 4));
}

TEST_CASE_FIXTURE(Folder, "a cut leaves the whole to the file's other names") {
  const std::string backup = path + "/backup";
  fs::create_hard_link(file, backup);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  REQUIRE(cut_file(file, 4));
  CHECK(content(file) == "0123");
  CHECK(content(backup) == "0123456789");
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(files() == 2);
}

TEST_CASE_FIXTURE(Folder, "a beginning is copied in place of what was there, or nothing is") {
  const std::string copy = path + "/copy";
  std::ofstream(copy) << "something else, which is longer";
  REQUIRE(copy_beginning(file, copy, 10));
  CHECK(content(copy) == "0123456789");
  const auto longer = copy_beginning(file, copy, 11);
  REQUIRE_FALSE(longer);
  CHECK(longer.error().message == "Cannot copy " + file + ": it has become shorter");
  CHECK_FALSE(fs::exists(copy));
}

}  // namespace
}  // namespace tarn
