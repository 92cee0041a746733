#include "core/base/log.h"

#include <spdlog/spdlog.h>

namespace tarn::log {
namespace {

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::kVerbose: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kCritical: return spdlog::level::critical;
  }
  return spdlog::level::critical;
}

}  // namespace

void vwrite(Level level, fmt::string_view text, fmt::format_args args) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (!logger.should_log(level_of(level))) return;
  logger.log(level_of(level), fmt::vformat(text, args));
}

void silence() { spdlog::default_logger_raw()->set_level(spdlog::level::off); }

}  // namespace tarn::log
