#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <thread>

#ifdef TARN_JEMALLOC
#include <jemalloc/jemalloc.h>

#include <cerrno>
#include <cstring>
#endif

#include "core/base/glob.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "server/commands/debug_control.h"
#include "server/commands/debug_subcommand.h"
#include "server/engine/args.h"

// The process: its memory, its time, and how it ends.

namespace tarn {
namespace {

// --- Ends

void debug_segfault(Call&) {
  void* page = ::mmap(nullptr, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), PROT_READ,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile char*>(page) = 'x';
}

void debug_panic(Call&) {
  log::critical("Panic requested by DEBUG PANIC");
  std::abort();
}

void debug_assert(Call& call) { TARN_ASSERT(call.args.empty()); }

void debug_oom(Call& call) {
  volatile std::size_t too_much = std::numeric_limits<std::ptrdiff_t>::max();
  ::operator delete(::operator new(too_much));
  call.reply.ok();
}

void restart(Call& call, bool graceful) {
  ArgReader args(call, 2);
  const std::int64_t delay_ms = args.at_end() ? 0 : args.integer();
  if (args.failed()) return;
  const auto done = call.feature<DebugControl>().restart(
      {.graceful = graceful, .delay_ms = std::max<std::int64_t>(delay_ms, 0)});
  if (done) return;
  log::warn("{}", done.error().message);
  call.reply.error("ERR failed to restart the server. Check server logs.");
}

void debug_restart(Call& call) { restart(call, true); }

void debug_crash_and_recover(Call& call) { restart(call, false); }

// --- Time

void debug_sleep(Call& call) {
  constexpr double kMaxSeconds = 1e9;
  const double seconds = std::strtod(std::string(call.args[2]).c_str(), nullptr);
  if (seconds > 0) {
    const auto nanoseconds = static_cast<std::int64_t>(std::min(seconds, kMaxSeconds) * 1e9);
    std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds));
  }
  call.reply.ok();
}

void debug_pause_cron(Call& call) {
  call.feature<DebugControl>().pause_cron(debug_switch(call));
  call.reply.ok();
}

// --- Identity

void debug_change_repl_id(Call& call) {
  call.feature<DebugControl>().run.change_replication_id();
  call.reply.ok();
}

// --- Log

void debug_log(Call& call) {
  log::warn("DEBUG LOG: {}", call.args[2]);
  call.reply.ok();
}

// --- Memory

void debug_leak(Call& call) {
  [[maybe_unused]] std::string* const volatile lost = new std::string(call.args[2]);
  call.reply.ok();
}

void debug_structsize(Call& call) {
  const auto entry_bytes = [](bool with_deadline) {
    return Entry::Layout{.has_deadline = with_deadline}.bytes();
  };
  call.reply.simple(fmt::format(
      "bits:{} entry_header:{} entry_header_with_deadline:{} bucket:{} segment:{} blob_header:{} "
      "keyspace:{} session:{}",
      sizeof(void*) * 8, entry_bytes(false), entry_bytes(true), sizeof(HashBucket),
      HashSegment::kBytes, sizeof(Blob), sizeof(Keyspace), sizeof(Session)));
}

#ifdef TARN_JEMALLOC

void reply_mallctl_error(Call& call, int error) {
  call.reply.error(fmt::format("ERR {}", std::strerror(error)));
}

// Reads a setting of jemalloc and, where a value is given, writes it. jemalloc refuses any width
// but the setting's own, so widths are tried from 8 bytes down to 1.
void debug_mallctl(Call& call) {
  ArgReader args(call, 2);
  const std::string name(args.next());
  const bool writes = !args.at_end();
  std::int64_t value = writes ? args.integer() : 0;
  if (args.failed()) return;
  int error = EINVAL;
  for (std::size_t width = sizeof value; width > 0 && error == EINVAL; width /= 2) {
    std::int64_t old = 0;
    std::size_t read = width;
    error = ::mallctl(name.c_str(), &old, &read, writes ? &value : nullptr, writes ? width : 0);
    if (error == 0) return call.reply.integer(old);
    if (error == EPERM && writes) {  // it can only be written
      error = ::mallctl(name.c_str(), nullptr, nullptr, &value, width);
      if (error == 0) return call.reply.ok();
    }
  }
  reply_mallctl_error(call, error);
}

// The same for a string; the value VOID makes a call without one.
void debug_mallctl_str(Call& call) {
  const std::string name(call.args[2]);
  const char* old = nullptr;
  std::size_t read = sizeof old;
  const int read_error = ::mallctl(name.c_str(), &old, &read, nullptr, 0);
  const bool writes = call.args.size() > 3;
  if (read_error != 0 && !(read_error == EPERM && writes)) {
    return reply_mallctl_error(call, read_error);
  }
  int write_error = 0;
  if (writes) {
    const std::string text(call.args[3]);
    const char* value = text.c_str();
    const bool without = text == "VOID";
    write_error = ::mallctl(name.c_str(), nullptr, nullptr, without ? nullptr : &value,
                            without ? 0 : sizeof value);
  }
  if (read_error == 0) return call.reply.bulk(old);
  write_error == 0 ? call.reply.ok() : reply_mallctl_error(call, write_error);
}

#endif

// --- Patterns

std::string random_text(Rng& rng) {
  constexpr std::string_view kLetters = "*?[]^-\\ab\0\xff";
  std::string text(rng.below(20), '\0');
  for (char& c : text) c = kLetters[rng.below(kLetters.size())];
  return text;
}

void debug_stringmatch_len(Call& call) {
  call.reply.integer(glob_match(call.args[2], call.args[3]) ? 1 : 0);
}

// Random patterns on random texts: a fault of the matcher shows under a sanitizer or as a crash.
void debug_stringmatch_test(Call& call) {
  constexpr int kTries = 100'000;
  Rng rng;
  std::size_t matches = 0;
  for (int i = 0; i < kTries; ++i) {
    matches += glob_match(random_text(rng), random_text(rng), i % 2 == 0) ? 1 : 0;
  }
  call.reply.simple(fmt::format("Test passed: {} of {} random patterns matched", matches, kTries));
}

constexpr DebugSubcommand kRows[] = {
    {"assert", debug_assert, 0, DebugSubcommand::kAny, "", "Crashes by a failed assertion"},
    {"change-repl-id", debug_change_repl_id, 0, 0, "", "Takes another replication id"},
    {"crash-and-recover", debug_crash_and_recover, 0, 1, "[milliseconds]",
     "Starts the server anew after so long, as if it had crashed"},
    {"leak", debug_leak, 1, 1, "text", "Loses memory that holds the text"},
    {"log", debug_log, 1, 1, "message", "Writes a message to the log"},
#ifdef TARN_JEMALLOC
    {"mallctl", debug_mallctl, 1, DebugSubcommand::kAny, "name [value]",
     "Reads and perhaps changes a number among jemalloc's settings"},
    {"mallctl-str", debug_mallctl_str, 1, DebugSubcommand::kAny, "name [value]",
     "Reads and perhaps changes a string among jemalloc's settings"},
#endif
    {"oom", debug_oom, 0, DebugSubcommand::kAny, "", "Asks for more memory than there can be"},
    {"panic", debug_panic, 0, DebugSubcommand::kAny, "", "Aborts the server"},
    {"pause-cron", debug_pause_cron, 1, 1, "0|1", "Stops the periodic jobs, or lets them go on"},
    {"restart", debug_restart, 0, 1, "[milliseconds]",
     "Ends the server as SHUTDOWN does, and starts it anew after so long"},
    {"segfault", debug_segfault, 0, DebugSubcommand::kAny, "", "Crashes by a bad memory access"},
    {"sleep", debug_sleep, 1, 1, "seconds", "Serves nobody for so long; fractions count"},
    {"stringmatch-len", debug_stringmatch_len, 2, 2, "pattern text",
     "Tells whether the pattern matches the text (1) or not (0)"},
    {"stringmatch-test", debug_stringmatch_test, 0, 0, "", "Tries the pattern matcher at random"},
    {"structsize", debug_structsize, 0, 0, "", "Tells the sizes of the main structures in bytes"},
};

}  // namespace

std::span<const DebugSubcommand> debug_process_subcommands() { return kRows; }

}  // namespace tarn
