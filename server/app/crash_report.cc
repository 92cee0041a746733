#include "server/app/crash_report.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <typeinfo>

#include "core/base/failed_assertion.h"
#include "core/base/format.h"
#include "core/base/quoting.h"
#include "server/commands/client_line.h"
#include "server/metrics/slow_log.h"
#include "tarn_version.h"

namespace tarn {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr unsigned kMaxSeconds = 10;
constexpr std::size_t kStackBytes = 256 * 1024;
constexpr int kMaxFrames = 100;

struct Crash {
  int signal;
  const void* address;  // the bad one, where an access was bad
};

struct Reporter {
  std::optional<CrashContext> context;
  std::string log_path;
  Crash crash{};
  int fd = STDOUT_FILENO;
  std::atomic<pid_t> thread = 0;  // that reports; 0 for none
  std::size_t part = 0;
  sigjmp_buf next_part;
};

Reporter& reporter() {
  static Reporter& instance = *new Reporter;
  return instance;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(reporter().fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// --- The parts

std::string readable(const char* mangled) {
  int status = 0;
  char* plain = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? plain : mangled;
  std::free(plain);
  return name;
}

// An exception that nobody catches is still the current one when it has ended the process, and the
// stack is that of its throw.
void write_exception() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return;
  write_all("Uncaught exception: ");
  try {
    throw;
  } catch (const std::exception& thrown) {
    write_all(thrown.what());
  } catch (...) {
    write_all("no standard one");
  }
  write_all(fmt::format(" ({})\n", readable(type->name())));
}

void write_signal() {
  const Crash& crash = reporter().crash;
  std::array<char, 256> line;
  write_all(format_within(line, "Tarn {} crashed by signal {} ({}), PID {}, build {}\n",
                          TARN_VERSION, crash.signal, ::sigabbrev_np(crash.signal), ::getpid(),
                          kBuildId));
  if (const FailedAssertion* failed = failed_assertion()) {
    write_all(fmt::format("Assertion failed in {}, {}:{}: {}\n", failed->function, failed->file,
                          failed->line, failed->expression));
  } else if (crash.signal == SIGABRT) {
    write_exception();
  }
  if (crash.signal != SIGSEGV && crash.signal != SIGBUS) return;
  write_all(format_within(line, "Accessed address: {}\n", crash.address));
}

void write_frame(void* frame) {
  Dl_info found{};
  if (::dladdr(frame, &found) == 0) return write_all(fmt::format("{}\n", fmt::ptr(frame)));
  // The name of our own program may have become the process title.
  Dl_info own{};
  ::dladdr(reinterpret_cast<void*>(&write_frame), &own);
  const char* module = found.dli_fbase == own.dli_fbase ? "tarn-server" : found.dli_fname;
  const auto offset =
      reinterpret_cast<std::uintptr_t>(frame) - reinterpret_cast<std::uintptr_t>(found.dli_fbase);
  const std::string name = found.dli_sname == nullptr ? "?" : readable(found.dli_sname);
  write_all(fmt::format("{}  {}(+{:#x})\n", name, module, offset));
}

// First as the C library writes it, which needs next to nothing; then again with readable names.
void write_stack() {
  write_all("\n--- STACK TRACE\n");
  std::array<void*, kMaxFrames> frames;
  const int count = ::backtrace(frames.data(), kMaxFrames);
  ::backtrace_symbols_fd(frames.data(), count, reporter().fd);
}

void write_named_stack() {
  write_all("\n--- THE SAME BY NAME (for lines: addr2line -Cife tarn-server <offset> ...)\n");
  std::array<void*, kMaxFrames> frames;
  const int count = ::backtrace(frames.data(), kMaxFrames);
  for (int i = 0; i < count; ++i) write_frame(frames[static_cast<std::size_t>(i)]);
}

void write_command() {
  const Dispatcher& dispatcher = reporter().context->dispatcher;
  const Call* call = dispatcher.running();
  if (call == nullptr) return write_all("\n--- NO COMMAND WAS RUNNING\n");
  write_all("\n--- THE COMMAND THAT WAS RUNNING\n");
  const auto args =
      abridge(call->args, [&](std::size_t position) { return dispatcher.is_redacted(position); });
  for (const std::string& arg : args) write_all(quote(arg) + "\n");
  write_all(client_line(call->session, call->session.last_active_ms));
}

void write_info() {
  constexpr std::string_view kEverything[] = {"everything"};
  write_all("\n--- INFO\n");
  write_all(reporter().context->info.report(kEverything));
}

void write_clients() {
  write_all("\n--- CLIENTS\n");
  for (const auto& [id, session] : reporter().context->clients.sessions()) {
    write_all(client_line(*session, session->last_active_ms));
  }
}

constexpr void (*kParts[])() = {write_signal,      write_stack, write_command,
                                write_named_stack, write_info,  write_clients};

// --- Handling

[[noreturn]] void die() {
  const int signal = reporter().crash.signal;
  std::signal(signal, SIG_DFL);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(signal);
  ::_exit(1);
}

void on_alarm(int) {
  write_all("\n(the report took too long)\n");
  die();
}

void write_report() {
  write_all("\n=== CRASH REPORT ===\n");
  // What a local variable holds after a jump is anybody's guess.
  std::size_t& part = reporter().part;
  for (part = 0; part < std::size(kParts); ++part) {
    if (sigsetjmp(reporter().next_part, 1) == 0) {
      kParts[part]();
    } else {
      write_all("\n(another fault while this part was written)\n");
    }
  }
  write_all("\n=== END OF THE CRASH REPORT ===\n");
}

void on_crash(int signal, siginfo_t* info, void*) {
  Reporter& self = reporter();
  pid_t reporting = 0;
  if (!self.thread.compare_exchange_strong(reporting, ::gettid())) {
    if (reporting == ::gettid()) siglongjmp(self.next_part, 1);
    for (;;) ::pause();  // another thread reports already, and will end the process
  }
  self.crash = {signal, info->si_addr};
  if (!self.log_path.empty()) {
    const int fd = ::open(self.log_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0) self.fd = fd;
  }
  std::signal(SIGALRM, on_alarm);
  ::alarm(kMaxSeconds);
  write_report();
  die();
}

void use_own_stack() {
  static char* const kMemory = new char[kStackBytes];
  stack_t stack{};
  stack.ss_sp = kMemory;
  stack.ss_size = kStackBytes;
  ::sigaltstack(&stack, nullptr);
}

}  // namespace

void report_crashes(const CrashContext& context, std::string log_path) {
  reporter().context.emplace(context);
  reporter().log_path = std::move(log_path);
  // The first call loads a library, which must not happen in a handler.
  void* frame = nullptr;
  static_cast<void>(::backtrace(&frame, 1));
  use_own_stack();
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

void stop_reporting_crashes() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
  reporter().context.reset();
}

}  // namespace tarn
