#pragma once

#include <functional>

#include "server/net/net_loop.h"
#include "server/net/wakeup.h"

namespace tarn {

// The signals that ask the server to end: SIGTERM, SIGINT, and SIGUSR1, by which memcached is told
// to end gracefully.
//
// The loop handles them, behind the command that runs. Who interrupts (SIGINT) when another of them
// is not handled yet, or while the server is ending, does not want to wait: that ends the process
// at once, with status 1.
//
// One object in a process.
class StopSignals {
 public:
  // `on_signal` runs in the loop. Until heed() the system ends the process; those that come when
  // this object is gone are lost, for the process is about to end.
  StopSignals(NetLoop& loop, std::function<void(int signal)> on_signal);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void heed();
  // Whether the server is ending. A signal makes it so, until told otherwise.
  void set_ending(bool ending);

 private:
  void handle();

  std::function<void(int)> on_signal_;
  Wakeup wakeup_;
};

}  // namespace tarn
