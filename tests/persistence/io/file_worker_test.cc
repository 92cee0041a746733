#include "persistence/io/file_worker.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace tarn {
namespace {

TEST_CASE("jobs are done in their order elsewhere, and taken in here") {
  std::atomic<int> woken = 0;
  auto owned = std::make_unique<FileWorker>([&] { ++woken; });
  FileWorker& worker = *owned;
  const std::thread::id here = std::this_thread::get_id();
  std::string done;
  std::vector<std::string> taken_in;
  for (const char* name : {"link", "delete"}) {
    worker.add(
        [&done, here, name]() -> Result<> {
          CHECK(std::this_thread::get_id() != here);
          done += name;
          return name == std::string("link") ? Result<>() : Error{"no such file"};
        },
        [&taken_in, here, name](const Result<>& result) {
          CHECK(std::this_thread::get_id() == here);
          taken_in.push_back(name + std::string(result ? "" : ": " + result.error().message));
        });
  }
  worker.finish();
  CHECK(done == "linkdelete");
  CHECK(taken_in == std::vector<std::string>{"link", "delete: no such file"});
  CHECK_FALSE(worker.poll());
  owned.reset();
  CHECK(woken == 2);
}

TEST_CASE("finish waits for what follows from a job, too") {
  FileWorker worker([] {});
  bool followed = false;
  const auto nothing = []() -> Result<> { return {}; };
  worker.add(nothing, [&](const Result<>&) {
    worker.add(nothing, [&](const Result<>&) { followed = true; });
  });
  worker.finish();
  CHECK(followed);
}

TEST_CASE("what was added is done, even if nobody asks for it any more") {
  int done = 0;
  bool taken_in = false;
  {
    FileWorker worker([] {});
    for (int i = 0; i < 3; ++i) {
      worker.add(
          [&]() -> Result<> {
            ++done;
            return {};
          },
          [&](const Result<>&) { taken_in = true; });
    }
  }
  CHECK(done == 3);
  CHECK_FALSE(taken_in);
}

}  // namespace
}  // namespace tarn
