#include "server/app/crash_report.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

// A process that crashes, and what is left of it.
struct Crash {
  std::string report;
  int signal = 0;

  Crash(const std::function<void()>& fault, const Info::Section& section) {
    const TemporaryDirectory directory;
    const pid_t child = ::fork();
    if (child == 0) crash(directory.path() + "/log", fault, section);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) signal = WTERMSIG(status);
    report = directory.read("log");
  }

  bool tells(std::string_view text) const { return report.find(text) != std::string::npos; }

 private:
  [[noreturn]] static void crash(const std::string& log_path, const std::function<void()>& fault,
                                 const Info::Section& section) {
    FakeClock clock;
    Databases databases(clock, 1);
    CommandTable table;
    Dispatcher dispatcher(table, databases, clock);
    ClientRegistry clients;
    Info info;
    info.add("Test", Info::Shown::kAlways, section);
    report_crashes({dispatcher, clients, info}, log_path);
    ::close(STDERR_FILENO);
    fault();
    std::_Exit(0);
  }
};

void raise_segv() { ::raise(SIGSEGV); }
void tell(InfoWriter& out) { out.field("told", 1); }

}  // namespace

TEST_CASE("report_crashes: signal, stack, INFO and clients, and the process dies of the signal") {
  const Crash crash(raise_segv, tell);
  CHECK(crash.signal == SIGSEGV);
  for (const auto text : {"crashed by signal 11 (SEGV)", "STACK TRACE", "NO COMMAND WAS RUNNING",
                          "told:1", "--- CLIENTS", "END OF THE CRASH REPORT"}) {
    CHECK_MESSAGE(crash.tells(text), text);
  }
}

TEST_CASE("report_crashes: a failed assertion is named") {
  const Crash crash([] { TARN_ASSERT(1 + 1 == 3); }, tell);
  CHECK(crash.signal == SIGABRT);
  CHECK(crash.tells("1 + 1 == 3"));
  CHECK(crash.tells("told:1"));
}

TEST_CASE("report_crashes: an exception that nobody catches is named") {
  // In a thread, as the frame of the tests catches all in its own.
  const Crash standard([] { std::thread([] { throw std::runtime_error("no hope"); }).join(); },
                       tell);
  CHECK(standard.signal == SIGABRT);
  CHECK(standard.tells("Uncaught exception: no hope (std::runtime_error)"));
  CHECK(standard.tells("told:1"));
  const Crash other([] { std::thread([] { throw 1; }).join(); }, tell);
  CHECK(other.tells("Uncaught exception: no standard one (int)"));
  const Crash none([] { std::abort(); }, tell);
  CHECK_FALSE(none.tells("Uncaught"));
}

TEST_CASE(
    "report_crashes: a fault in one part leaves the others, and the signal is the first one") {
  for (const int second : {SIGSEGV, SIGABRT, SIGFPE}) {
    const Crash crash(raise_segv, [second](InfoWriter&) { ::raise(second); });
    CHECK(crash.signal == SIGSEGV);
    CHECK(crash.tells("another fault while this part was written"));
    CHECK(crash.tells("--- CLIENTS"));
    CHECK(crash.tells("END OF THE CRASH REPORT"));
  }
}

TEST_CASE("stop_reporting_crashes: no report") {
  const Crash crash(
      [] {
        stop_reporting_crashes();
        ::raise(SIGSEGV);
      },
      tell);
  CHECK(crash.signal == SIGSEGV);
  CHECK(crash.report.empty());
}

}  // namespace tarn
