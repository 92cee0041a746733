#include "server/app/log_replayer.h"

#include <fmt/core.h>

#include "core/base/quoting.h"

namespace tarn {
namespace {

// Of a command that is not known the first argument is most likely the key.
Error unknown_command(std::span<const std::string_view> args) {
  const std::string key = args.size() > 1 ? " " + quote_beginning(args[1]) : "";
  return Error{fmt::format(
      "the command {}{}, which this server does not have. It does not start on a part of the data. "
      "Have the server that wrote the log delete the keys that need this command, and write the "
      "log anew (BGREWRITEAOF).",
      quote_beginning(args[0]), key)};
}

}  // namespace

LogReplayer::LogReplayer(Dispatcher& dispatcher) : dispatcher_(dispatcher) {
  session_.authenticated = true;
  session_.deny_blocking = true;
}

LogReplayer::~LogReplayer() { discard_transaction(session_); }

// Clients are told to wait meanwhile; this one is not.
Result<> LogReplayer::on_command(std::span<const std::string_view> args) {
  if (stopped_) return Error{"the server was told to end"};
  const Command* command = dispatcher_.table().find(args[0]);
  if (command == nullptr) return unknown_command(args);
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
