#pragma once

#include "persistence/aof/command_sink.h"
#include "server/engine/dispatcher.h"
#include "server/engine/session.h"
#include "server/net/output_buffer.h"

namespace tarn {

// Runs the commands of a log as a client that may do everything, waits for nothing, and does not
// listen to replies.
class LogReplayer final : public CommandSink {
 public:
  explicit LogReplayer(Dispatcher& dispatcher);
  ~LogReplayer() override;

  Result<> on_command(std::span<const std::string_view> args) override;

 private:
  Dispatcher& dispatcher_;
  ChunkPool chunks_;
  OutputBuffer replies_{chunks_};
  Session session_{0, replies_};
};

}  // namespace tarn
