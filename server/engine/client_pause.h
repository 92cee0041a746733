#pragma once

#include <cstdint>

#include "server/engine/client_registry.h"
#include "server/engine/dispatcher.h"
#include "server/engine/timers.h"

namespace tarn {

// CLIENT PAUSE: raises the gate that holds commands back, and lowers it when the time is up.
class ClientPause {
 public:
  ClientPause(Dispatcher& dispatcher, ClientRegistry& clients, Timers& timers)
      : dispatcher_(dispatcher), clients_(clients), timers_(timers) {}

  // Holds back writes, or everything, until then (Unix time). During a pause, the longer time and
  // the stricter kind of both count.
  void begin(std::int64_t until_ms, bool writes_only);
  void end();

  bool active() const { return timer_ != 0; }

 private:
  Dispatcher& dispatcher_;
  ClientRegistry& clients_;
  Timers& timers_;
  Timers::Id timer_ = 0;
};

}  // namespace tarn
