#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/engine/owned_request.h"
#include "server/engine/watched_keys.h"

namespace tarn {

struct Session;

// What one client has prepared for its EXEC: the keys it watches and, from MULTI on, the commands
// it has queued. See transactions.h.
class Transaction {
 public:
  Transaction() = default;
  // A long queue is taken down by the helper thread.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  WatchList& watched() { return watched_; }
  const WatchList& watched() const { return watched_; }

  // Between MULTI and EXEC or DISCARD.
  bool open() const { return open_; }
  void begin() { open_ = true; }

  // Queues a command, unless EXEC will fail anyway.
  void queue(const Command& command, std::span<const std::string_view> args,
             std::span<const BlobRef> blobs);
  std::span<const OwnedRequest> queued() const { return queue_; }
  // The flags (CommandFlag) of all queued commands together.
  std::uint32_t flags() const { return flags_; }

  // A command was refused: EXEC will fail.
  void abort() { aborted_ = true; }
  bool aborted() const { return aborted_; }

  // What the arguments of the queued commands take, and all of the transaction.
  std::size_t argument_bytes() const { return argument_bytes_; }
  std::size_t memory_bytes() const;

 private:
  WatchList watched_;
  std::vector<OwnedRequest> queue_;
  std::size_t argument_bytes_ = 0;
  std::uint32_t flags_ = 0;
  bool open_ = false;
  bool aborted_ = false;
};

// Whether the session is between MULTI and EXEC.
bool in_transaction(const Session& session);
// Ends the session's transaction without running it, if there is one, and unwatches its keys.
void discard_transaction(Session& session);

}  // namespace tarn
