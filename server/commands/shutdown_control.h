#pragma once

#include <functional>

#include "core/base/result.h"

namespace tarn {

// How to end the server.
struct ShutdownRequest {
  enum class Save { kIfConfigured, kAlways, kNever };

  Save save = Save::kIfConfigured;
  bool now = false;    // without waiting for replicas
  bool force = false;  // even if saving fails
};

// Ends the server soon; fails, and the server goes on, where what was asked for cannot be done.
struct ShutdownControl {
  std::function<Result<>(const ShutdownRequest&)> begin;
};

}  // namespace tarn
