#pragma once

#include <fmt/core.h>

#include <cstdint>

// The log that whoever runs the server reads: log::warn("{} is full", path). Where its lines go,
// and which levels are left out, is set up by server/app/logging.h. The library behind it stays
// behind it, for its headers cost seconds of compiling in each file that includes them.
namespace tarn::log {

enum class Level : std::uint8_t { kVerbose, kInfo, kWarn, kCritical };

void vwrite(Level level, fmt::string_view text, fmt::format_args args);

template <class... Args>
void verbose(fmt::format_string<Args...> text, const Args&... args) {
  vwrite(Level::kVerbose, text, fmt::make_format_args(args...));
}

template <class... Args>
void info(fmt::format_string<Args...> text, const Args&... args) {
  vwrite(Level::kInfo, text, fmt::make_format_args(args...));
}

template <class... Args>
void warn(fmt::format_string<Args...> text, const Args&... args) {
  vwrite(Level::kWarn, text, fmt::make_format_args(args...));
}

template <class... Args>
void critical(fmt::format_string<Args...> text, const Args&... args) {
  vwrite(Level::kCritical, text, fmt::make_format_args(args...));
}

// From now on this process, a child, logs nothing.
void silence();

}  // namespace tarn::log
