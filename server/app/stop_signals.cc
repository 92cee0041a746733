#include "server/app/stop_signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace tarn {
namespace {

// What the handler sees, on whichever thread it runs.
std::atomic<Wakeup*> g_wakeup = nullptr;
std::atomic<int> g_signal = 0;  // 0: none that waits to be handled
std::atomic<bool> g_ending = false;
static_assert(decltype(g_wakeup)::is_always_lock_free && decltype(g_signal)::is_always_lock_free &&
              decltype(g_ending)::is_always_lock_free);

void note(int signal) {
  if (g_ending.exchange(true) && signal == SIGINT) ::_exit(1);
  const int error = errno;
  g_signal = signal;
  if (Wakeup* wakeup = g_wakeup) wakeup->wake();
  errno = error;
}

}  // namespace

StopSignals::StopSignals(NetLoop& loop, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)), wakeup_(loop, [this] { handle(); }) {}

StopSignals::~StopSignals() { g_wakeup = nullptr; }

void StopSignals::heed() {
  g_wakeup = &wakeup_;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  ::sigfillset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaction(signal, &action, nullptr);
}

void StopSignals::set_ending(bool ending) { g_ending = ending; }

void StopSignals::handle() {
  if (const int signal = g_signal.exchange(0); signal != 0) on_signal_(signal);
}

}  // namespace tarn
