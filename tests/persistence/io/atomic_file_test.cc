#include "persistence/io/atomic_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

struct Directory : TemporaryDirectory {
  const std::string file = path() + "/file";
};

using Names = std::vector<std::string>;

// Files cannot grow beyond a size, as on a full disk.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

// A user whom rights hold back, where the tests run as root.
class NotRoot {
 public:
  NotRoot() : user_(::geteuid()) {
    constexpr uid_t kNobody = 65'534;
    if (user_ == 0) REQUIRE(::seteuid(kNobody) == 0);
  }
  ~NotRoot() {
    if (::seteuid(user_) != 0) std::abort();
  }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;

 private:
  const uid_t user_;
};

TEST_CASE_FIXTURE(Directory, "a file has its name when it is complete, and not before") {
  auto atomic = AtomicFile::create(file);
  REQUIRE(atomic);
  CHECK(files() == Names{"file.tmp"});
  REQUIRE((*atomic)->sink().write("content"));
  CHECK(files() == Names{"file.tmp"});
  REQUIRE((*atomic)->commit());
  CHECK(files() == Names{"file"});
  CHECK(read("file") == "content");
  atomic->reset();
  CHECK(read("file") == "content");
}

TEST_CASE_FIXTURE(Directory, "without commit() nothing is left, and the old file stays") {
  write("file", "old");
  {
    auto atomic = AtomicFile::create(file, path() + "/other-name");
    REQUIRE(atomic);
    REQUIRE((*atomic)->sink().write(std::string(1'000'000, 'x')));
    CHECK(files() == Names{"file", "other-name"});
    CHECK(read("file") == "old");
  }
  CHECK(files() == Names{"file"});
  CHECK(read("file") == "old");
}

TEST_CASE_FIXTURE(Directory, "commit() replaces the old file as a whole, a longer one too") {
  write("file", std::string(1'000'000, 'x'));
  // As a crash left it.
  write("file.tmp", std::string(2'000'000, 'y'));
  REQUIRE(write_file_atomically(file, "new"));
  CHECK(files() == Names{"file"});
  CHECK(read("file") == "new");
}

TEST_CASE_FIXTURE(Directory, "who reads the old file goes on reading it") {
  write("file", "old");
  std::ifstream reader(file);
  REQUIRE(write_file_atomically(file, "new"));
  std::string text;
  reader >> text;
  CHECK(text == "old");
}

TEST_CASE_FIXTURE(Directory, "where the disk is full, the old file stays, and nothing else") {
  write("file", "old");
  const SizeLimit limit(300'000);
  const std::string wanted = "Cannot write " + file + ".tmp: File too large";
  SUBCASE("noticed while it is written") {
    const auto written = write_file_atomically(file, std::string(1'000'000, 'x'));
    REQUIRE_FALSE(written);
    CHECK(written.error().message == wanted);
  }
  SUBCASE("noticed at the end") {
    auto atomic = AtomicFile::create(file);
    REQUIRE(atomic);
    REQUIRE((*atomic)->sink().write(std::string(200'000, 'x')));
    REQUIRE((*atomic)->sink().write(std::string(200'000, 'x')));
    const auto committed = (*atomic)->commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().message == wanted);
  }
  CHECK(files() == Names{"file"});
  CHECK(read("file") == "old");
}

TEST_CASE_FIXTURE(Directory, "a directory with the file's name is told, and stays") {
  fs::create_directories(file + "/in-the-way");
  const auto written = write_file_atomically(file, "new");
  REQUIRE_FALSE(written);
  CHECK(written.error().message ==
        "Cannot rename " + file + ".tmp to " + file + ": Is a directory");
  CHECK(files() == Names{"file"});
  CHECK(fs::exists(file + "/in-the-way"));
}

TEST_CASE_FIXTURE(Directory, "a directory that is not there is named") {
  const auto atomic = AtomicFile::create(path() + "/none/file");
  REQUIRE_FALSE(atomic);
  CHECK(atomic.error().message ==
        "Cannot open " + path() + "/none/file.tmp: No such file or directory");
}

TEST_CASE_FIXTURE(Directory,
                  "a directory that one may not write to is named, and stays as it was") {
  write("file", "old");
  fs::permissions(path(), fs::perms(0555));
  {
    const NotRoot user;
    const auto written = write_file_atomically(file, "new");
    REQUIRE_FALSE(written);
    CHECK(written.error().message == "Cannot open " + file + ".tmp: Permission denied");
  }
  fs::permissions(path(), fs::perms(0755));
  CHECK(files() == Names{"file"});
  CHECK(read("file") == "old");
}

}  // namespace
}  // namespace tarn
