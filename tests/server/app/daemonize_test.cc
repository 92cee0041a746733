#include "server/app/daemonize.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace tarn {

TEST_CASE("PidFile: there while the object lives") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/server.pid";
  {
    PidFile file;
    CHECK(!std::filesystem::exists(path));
    REQUIRE(file.write(path));
    pid_t pid = 0;
    std::ifstream(path) >> pid;
    CHECK(pid == ::getpid());
  }
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("PidFile: a file that cannot be written is an error") {
  PidFile file;
  CHECK(!file.write("/nonexistent/server.pid"));
}

}  // namespace tarn
