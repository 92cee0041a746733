#include "server/app/logging.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <syslog.h>

#include <memory>
#include <utility>
#include <vector>

#include "server/app/log_file.h"

namespace tarn {
namespace {

class LevelSign final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    switch (message.level) {
      case spdlog::level::trace:
      case spdlog::level::debug:
        out.push_back(message.level == spdlog::level::trace ? '.' : '-');
        return;
      case spdlog::level::info: out.push_back('*'); return;
      default: out.push_back('#'); return;
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelSign>();
  }
};

class FileSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(std::unique_ptr<LogFile> file) : file_(std::move(file)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    file_->write({line.data(), line.size()});
  }
  void flush_() override {}

  std::unique_ptr<LogFile> file_;
};

Result<spdlog::sink_ptr> open_sink(const std::string& logfile) {
  if (logfile.empty()) return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stdout_sink_st>());
  Result<std::unique_ptr<LogFile>> file = LogFile::open(logfile);
  if (!file) return Error{"Can't open the log file: " + file.error().message};
  return spdlog::sink_ptr(std::make_shared<FileSink>(std::move(*file)));
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::trace;
    case LogLevel::kVerbose: return spdlog::level::debug;
    case LogLevel::kNotice: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kNothing: return spdlog::level::off;
  }
  return spdlog::level::info;
}

int facility_of(SyslogFacility facility) {
  static constexpr int kFacilities[] = {LOG_USER,   LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                                        LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
  return kFacilities[static_cast<std::size_t>(facility)];
}

}  // namespace

Result<> set_up_logging(const Options& options) {
  const Result<spdlog::sink_ptr> first = open_sink(options.logfile);
  if (!first) return first.error();
  std::vector<spdlog::sink_ptr> sinks{*first};
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelSign>('*').set_pattern("%P:M %d %b %Y %H:%M:%S.%e %* %v");
  sinks.front()->set_formatter(std::move(formatter));
  if (options.syslog_enabled) {
    auto syslog = std::make_shared<spdlog::sinks::syslog_sink_st>(
        options.syslog_ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT,
        facility_of(options.syslog_facility), false);
    sinks.push_back(std::move(syslog));
  }
  auto logger = std::make_shared<spdlog::logger>("tarn", sinks.begin(), sinks.end());
  logger->set_level(level_of(options.loglevel));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

void set_log_level(LogLevel level) { spdlog::set_level(level_of(level)); }

}  // namespace tarn
