#include "persistence/backup/backup_runner.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct BackupFixture {
  BackupFixture() {
    fs::create_directory(root / "store");
    REQUIRE(queue.open());
  }

  void add(const std::string& name, const std::string& content) {
    std::ofstream(root / name) << content;
    queue.add(root / name, name);
    files.finish();
  }
  // Until the command has ended; a shell takes its time.
  void run_once() {
    runner.tick();
    while (runner.running()) {
      ::usleep(1000);
      runner.tick();
      if (runner.status().done + runner.status().failed > runs) break;
    }
    runs = runner.status().done + runner.status().failed;
  }

  const TemporaryDirectory home;
  const fs::path root = home.path();
  FakeClock clock;
  FileWorker files{[] {}};
  BackupQueue queue{root / "queue", files};
  BackupRunner runner{queue, clock};
  std::uint64_t runs = 0;
};

TEST_CASE_FIXTURE(BackupFixture,
                  "files go to the command in order, and only then leave the queue") {
  add("one", "first");
  add("two", "second");
  const std::string store = (root / "store").string();
  runner.set_command("cp %p " + store + "/%f && echo %f >> " + store + "/order");
  // What the owner does with its file afterwards does not matter.
  fs::remove(root / "one");
  run_once();
  CHECK(content_of(root / "store/one") == "first");
  while (!queue.empty()) run_once();
  CHECK(content_of(root / "store/order") == "one\ntwo\n");
  CHECK(content_of(root / "store/two") == "second");
  CHECK(runner.status().done == 2);
  CHECK(runner.status().last_done == "two");
}

TEST_CASE_FIXTURE(BackupFixture, "a failing command is tried again after 1, 2, 4 ... 60 seconds") {
  add("one", "first");
  runner.set_command("echo no space >&2; exit 7");
  run_once();
  CHECK(runner.status().failed == 1);
  CHECK_FALSE(runner.status().last_run_ok);
  CHECK(runner.status().last_failure == "one: exit status 7: no space");
  for (const std::int64_t delay_ms : {1000, 2000, 4000, 8000, 16'000, 32'000, 60'000, 60'000}) {
    const std::uint64_t before = runner.status().failed;
    clock.advance_ms(delay_ms - 1);
    runner.tick();
    CHECK_FALSE(runner.running());
    clock.advance_ms(1);
    run_once();
    CHECK(runner.status().failed == before + 1);
  }
  CHECK(queue.size() == 1);
  // A new command is tried at once.
  runner.set_command("true");
  run_once();
  CHECK(queue.empty());
  CHECK(runner.status().last_run_ok);
}

TEST_CASE_FIXTURE(BackupFixture, "what a failing command wrote is one line of ASCII") {
  add("one", "first");
  runner.set_command("printf 'no\\000 space\\n\\tin \\303\\244 \\033[1mstore\\r\\n\\n'; exit 1");
  run_once();
  CHECK(runner.status().last_failure == "one: exit status 1: no space in [1mstore");
  runner.set_command("yes | head -c 100000; exit 1");
  run_once();
  CHECK(runner.status().last_failure.size() < 600);
}

TEST_CASE_FIXTURE(BackupFixture, "a command that is killed has failed") {
  add("one", "first");
  runner.set_command("kill -9 $$");
  run_once();
  CHECK(runner.status().last_failure == "one: ended by signal 9");
}

TEST_CASE_FIXTURE(BackupFixture, "without a command files wait, also over a restart") {
  add("one", "first");
  add("two", "second");
  runner.tick();
  CHECK_FALSE(runner.running());
  const std::string directory = fs::path(queue.front_path()).parent_path();
  std::ofstream(directory + "/000000009-half.part") << "torn copy";

  BackupQueue again(directory, files);
  REQUIRE(again.open());
  REQUIRE(again.size() == 2);
  CHECK(again.front().name == "one");
  std::ofstream(root / "three") << "third";
  again.add(root / "three", "three");
  files.finish();
  again.pop();
  again.pop();
  CHECK(again.front().name == "three");
  CHECK(content_of(again.front_path()) == "third");
}

TEST_CASE_FIXTURE(BackupFixture, "a command that outlives its server comes first") {
  add("one", "first");
  const std::string at = root.string();
  const std::string command = "mkdir " + at + "/busy && echo %f >> " + at + "/order; until [ -e " +
                              at + "/go ]; do sleep 0.01; done; rmdir " + at + "/busy";
  const auto until = [](const auto& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) ::usleep(1000);
    REQUIRE(condition());
  };
  {
    BackupRunner ended(queue, clock);
    ended.set_command(command);
    ended.tick();
    until([&] { return content_of(root / "order") == "one\n"; });
  }
  runner.set_command(command);
  for (int i = 0; i < 3; ++i) {
    runner.tick();
    CHECK_FALSE(runner.running());
  }
  std::ofstream(root / "go") << "";
  until([&] { return !fs::exists(root / "busy"); });
  until([&] {
    runner.tick();
    return runner.status().done == 1;
  });
  CHECK(content_of(root / "order") == "one\none\n");
  CHECK(runner.status().failed == 0);
}

TEST_CASE_FIXTURE(BackupFixture,
                  "a file that cannot be queued is tried again, and keeps its place") {
  std::ofstream(root / "queue") << "in the way of the directory";
  add("one", "first");
  add("two", "second");
  CHECK(queue.empty());
  CHECK(queue.adding());
  fs::remove(root / "queue");
  queue.tick(clock.monotonic_ms());
  files.finish();
  CHECK_FALSE(queue.adding());
  REQUIRE(queue.size() == 2);
  CHECK(queue.front().name == "one");
  CHECK(content_of(queue.front_path()) == "first");
}

TEST_CASE("placeholders of a backup command") {
  CHECK(BackupRunner::expand("cp %p /b/%f", "/data/a b", "a b") == "cp /data/a b /b/a b");
  CHECK(BackupRunner::expand("100%% %d %", "p", "f") == "100% %d %");
}

}  // namespace
}  // namespace tarn
