#pragma once

#include <functional>

#include "server/config/config.h"
#include "server/engine/dispatcher.h"

namespace tarn {

// What CONFIG works on.
struct ConfigControl {
  Config& config;
  Dispatcher& dispatcher;
  std::function<void()> reset_stats;
  // Called after a successful SET.
  std::function<void()> on_set{};
  std::function<bool()> is_loading{};
};

}  // namespace tarn
