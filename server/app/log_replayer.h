#pragma once

#include "persistence/aof/command_sink.h"
#include "server/engine/dispatcher.h"
#include "server/engine/session.h"
#include "server/net/output_buffer.h"

namespace tarn {

// Runs the commands of a log as a client that may do everything and waits for nothing. A log has
// what was done, so a command that fails is an error: with fewer databases or lower limits than it
// was written under, data would be lost, or end up elsewhere.
class LogReplayer final : public CommandSink {
 public:
  explicit LogReplayer(Dispatcher& dispatcher);
  ~LogReplayer() override;

  Result<> on_command(std::span<const std::string_view> args) override;
  // The next command fails.
  void stop() { stopped_ = true; }

 private:
  bool stopped_ = false;
  Dispatcher& dispatcher_;
  ChunkPool chunks_;
  OutputBuffer replies_{chunks_};
  Session session_{0, replies_};
};

}  // namespace tarn
