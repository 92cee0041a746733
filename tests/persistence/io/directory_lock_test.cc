#include "persistence/io/directory_lock.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

TEST_CASE_FIXTURE(TemporaryDirectory,
                  "the second one is told who has the directory, and what to do") {
  const auto first = DirectoryLock::acquire(path());
  REQUIRE(first.ok());
  const auto second = DirectoryLock::acquire(path());
  REQUIRE(!second.ok());
  CHECK(second.error().message ==
        "Another server (process " + std::to_string(::getpid()) + ") uses the directory " + path() +
            ": stop it, or give this one a directory of its own with the option dir");
}

TEST_CASE_FIXTURE(TemporaryDirectory, "a directory is free again when the lock is gone") {
  { REQUIRE(DirectoryLock::acquire(path()).ok()); }
  CHECK(DirectoryLock::acquire(path()).ok());
}

TEST_CASE_FIXTURE(TemporaryDirectory, "a directory that is not there is named") {
  const auto lock = DirectoryLock::acquire(path() + "/none");
  REQUIRE(!lock.ok());
  CHECK(lock.error().message ==
        "Cannot open " + path() +
            "/none/.tarn.lock: No such file or directory. That file keeps other servers off the "
            "directory while one writes there: make the directory writable, or name another with "
            "the option dir");
}

}  // namespace
}  // namespace tarn
