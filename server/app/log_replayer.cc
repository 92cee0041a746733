#include "server/app/log_replayer.h"

#include <fmt/core.h>

#include "core/base/quoting.h"

namespace tarn {

LogReplayer::LogReplayer(Dispatcher& dispatcher) : dispatcher_(dispatcher) {
  session_.authenticated = true;
  session_.deny_blocking = true;
}

LogReplayer::~LogReplayer() { discard_transaction(session_); }

// Clients are told to wait meanwhile; this one is not.
Result<> LogReplayer::on_command(std::span<const std::string_view> args) {
  if (stopped_) return Error{"the server was told to end"};
  const Command* command = dispatcher_.table().find(args[0]);
  if (command == nullptr) {
    return Error{fmt::format("the command {}, which this server does not have",
                             quote(args[0].substr(0, 64)))};
  }
  const std::uint32_t raised = dispatcher_.lower_all();
  dispatcher_.execute(session_, {.command = command, .args = args, .blobs = {}});
  dispatcher_.raise(raised);
  replies_.clear();
  const std::string_view failure = session_.reply.last_error();
  if (failure.empty()) return {};
  return Error{
      fmt::format("{} failed: {}. Start with the databases and limits that it was written under",
                  args[0], failure)};
}

}  // namespace tarn
