#include "server/engine/transaction.h"

#include <memory>
#include <utility>

#include "core/memory/reclaimer.h"
#include "server/engine/command.h"
#include "server/engine/gates.h"
#include "server/engine/session.h"

namespace tarn {
namespace {

constexpr std::size_t kLongQueue = 1000;

}  // namespace

Transaction::~Transaction() {
  if (queue_.size() < kLongQueue) return;
  Reclaimer::destroy_later(std::make_unique<std::vector<OwnedRequest>>(std::move(queue_)));
}

void Transaction::queue(const Command& command, std::span<const std::string_view> args,
                        std::span<const BlobRef> blobs) {
  if (aborted_ || watched_.touched()) return;
  const OwnedRequest& queued = queue_.emplace_back(&command, args, blobs);
  argument_bytes_ += queued.memory_bytes();
  flags_ |= command.flags;
}

std::size_t Transaction::memory_bytes() const {
  return sizeof(*this) + queue_.capacity() * sizeof(OwnedRequest) + argument_bytes_ +
         watched_.memory_bytes();
}

bool in_transaction(const Session& session) {
  return session.transaction != nullptr && session.transaction->open();
}

void discard_transaction(Session& session) {
  session.transaction.reset();
  session.gates &= ~GateMask{kTransactionGate};
}

}  // namespace tarn
