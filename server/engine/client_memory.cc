#include "server/engine/client_memory.h"

#include <algorithm>

#include "server/pubsub/topics.h"
#include "server/pubsub/tracking.h"

namespace tarn {
namespace {

// With less, nobody could connect to raise the limit again.
constexpr std::uint64_t kSmallestLimit = 128 * 1024;

}  // namespace

std::size_t transaction_memory_of(const Session& session) {
  return session.transaction == nullptr ? 0 : session.transaction->memory_bytes();
}

std::size_t argument_memory_of(const Session& session) {
  return session.transport->argument_bytes() + session.waiting_bytes;
}

std::size_t memory_of(const Session& session) {
  return session.transport->memory_bytes() + session.waiting_bytes +
         session.reply.out().memory_bytes() + session.name.capacity() +
         session.library_name.capacity() + session.library_version.capacity() +
         transaction_memory_of(session) +
         (session.subscriber == nullptr ? 0 : session.subscriber->memory_bytes()) +
         (session.tracking == nullptr ? 0 : session.tracking->memory_bytes());
}

std::size_t client_memory_limit(const Options& options) {
  const MemoryShare& share = options.maxmemory_clients;
  const std::uint64_t whole = share.percent == 0 ? share.bytes : options.maxmemory;
  if (whole == 0) return 0;
  const std::uint64_t wanted =
      share.percent == 0 ? whole : whole / 100 * share.percent + whole % 100 * share.percent / 100;
  return std::max(wanted, kSmallestLimit);
}

}  // namespace tarn
