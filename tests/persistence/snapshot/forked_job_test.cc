#include "persistence/snapshot/forked_job.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

namespace tarn {
namespace {

std::string scratch_name() { return "/tmp/tarn-forked-job-" + std::to_string(::getpid()); }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void touch(const std::string& path) { std::ofstream(path) << "half a file"; }

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

// With half a file under its scratch name.
void start_endless(ForkedJob& job, const std::string& scratch) {
  touch(scratch);
  REQUIRE(job.start({.title = "test", .scratch_file = scratch},
                    [](ForkedJob::Progress&) -> Result<> { sleep_for_ever(); })
              .ok());
}

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 1};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "ForkedJob: success, and how far the child came") {
  ForkedJob job(databases);
  const std::uint64_t forks = ForkedJob::forks();
  REQUIRE(job.start({.title = "test", .scratch_file = ""},
                    [](ForkedJob::Progress& progress) {
                      progress.report(42);
                      return Result<>();
                    })
              .ok());
  CHECK(job.running());
  const ForkedJob::Outcome outcome = job.wait();
  CHECK(outcome.result.ok());
  CHECK(!outcome.killed);
  CHECK(!job.running());
  CHECK(job.done() == 42);
  CHECK(ForkedJob::forks() == forks + 1);
  CHECK(!job.poll().has_value());
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: a failure comes with its words, and the scratch file goes") {
  const std::string scratch = scratch_name();
  ForkedJob job(databases);
  const std::string words = "disk full: " + std::string(10'000, 'x');
  REQUIRE(job.start({.title = "test", .scratch_file = scratch},
                    [&](ForkedJob::Progress&) {
                      touch(scratch);
                      return Result<>(Error{words});
                    })
              .ok());
  const ForkedJob::Outcome outcome = job.wait();
  REQUIRE(!outcome.result.ok());
  CHECK(outcome.result.error().message == words);
  CHECK(!exists(scratch));
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: what the work throws is a failure with its words") {
  ForkedJob job(databases);
  REQUIRE(job.start({.title = "test", .scratch_file = ""},
                    [](ForkedJob::Progress&) -> Result<> {
                      throw std::runtime_error("no room for the index");
                    })
              .ok());
  const ForkedJob::Outcome outcome = job.wait();
  REQUIRE(!outcome.result.ok());
  CHECK(outcome.result.error().message == "no room for the index");
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: the file of a child that succeeds is left alone") {
  const std::string scratch = scratch_name();
  ForkedJob job(databases);
  REQUIRE(job.start({.title = "test", .scratch_file = scratch},
                    [&](ForkedJob::Progress&) {
                      touch(scratch);
                      return Result<>();
                    })
              .ok());
  CHECK(job.wait().result.ok());
  CHECK(exists(scratch));
  ::unlink(scratch.c_str());
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: a child that crashes") {
  const std::string scratch = scratch_name();
  ForkedJob job(databases);
  REQUIRE(job.start({.title = "test", .scratch_file = scratch},
                    [&](ForkedJob::Progress&) -> Result<> {
                      touch(scratch);
                      ::raise(SIGKILL);
                      return {};
                    })
              .ok());
  const ForkedJob::Outcome outcome = job.wait();
  REQUIRE(!outcome.result.ok());
  CHECK(outcome.result.error().message == "the child was ended by signal 9 (Killed)");
  CHECK(!outcome.killed);
  CHECK(!exists(scratch));
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: a child that is told to end by SIGUSR1 was killed") {
  const std::string scratch = scratch_name();
  ForkedJob job(databases);
  start_endless(job, scratch);
  ::kill(job.pid(), SIGUSR1);
  const ForkedJob::Outcome outcome = job.wait();
  CHECK(!outcome.result.ok());
  CHECK(outcome.killed);
  CHECK(!exists(scratch));
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: a child that ends without a word") {
  ForkedJob job(databases);
  REQUIRE(job.start({.title = "test", .scratch_file = ""},
                    [](ForkedJob::Progress&) -> Result<> { ::_exit(0); })
              .ok());
  const ForkedJob::Outcome outcome = job.wait();
  REQUIRE(!outcome.result.ok());
  CHECK(outcome.result.error().message == "the child ended with status 0 and said nothing");
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: kill() ends the child and removes its file") {
  const std::string scratch = scratch_name();
  ForkedJob job(databases);
  start_endless(job, scratch);
  CHECK(!job.poll().has_value());
  job.kill();
  CHECK(!job.running());
  CHECK(!exists(scratch));
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: abandon() takes the file away, and poll() tells the end") {
  const std::string scratch = scratch_name();
  ForkedJob job(databases);
  start_endless(job, scratch);
  job.abandon();
  CHECK(!exists(scratch));
  CHECK(job.running());
  std::optional<ForkedJob::Outcome> outcome;
  while (!outcome) outcome = job.poll();
  CHECK(outcome->killed);
  CHECK(!outcome->result.ok());
  CHECK(!job.running());
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: the child holds no file of its parent's") {
  int sockets[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  ForkedJob job(databases);
  REQUIRE(job.start({.title = "test", .scratch_file = ""},
                    [fd = sockets[1]](ForkedJob::Progress&) {
                      return ::fcntl(fd, F_GETFD) < 0 ? Result<>() : Result<>(Error{"still open"});
                    })
              .ok());
  CHECK(job.wait().result.ok());
  ::close(sockets[0]);
  ::close(sockets[1]);
}

TEST_CASE_FIXTURE(Fixture, "ForkedJob: one child after the other") {
  ForkedJob job(databases);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    REQUIRE(job.start({.title = "test", .scratch_file = ""},
                      [&](ForkedJob::Progress& progress) {
                        progress.report(round);
                        return Result<>();
                      })
                .ok());
    CHECK(job.wait().result.ok());
    CHECK(job.done() == round);
  }
}

}  // namespace tarn
