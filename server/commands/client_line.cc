#include "server/commands/client_line.h"

#include <fmt/core.h>

#include "server/engine/args.h"
#include "server/engine/client_memory.h"
#include "server/engine/command.h"
#include "server/pubsub/topics.h"
#include "server/pubsub/tracking.h"

namespace tarn {
namespace {

std::string flags_of(const Session& session) {
  std::string flags;
  if (session.monitor) flags += 'O';
  if (session.subscriber != nullptr) flags += 'P';
  if (in_transaction(session)) flags += 'x';
  if (session.blocked || session.paused) flags += 'b';
  if (session.tracking != nullptr) flags += 't';
  if (session.tracking != nullptr && session.tracking->broken_redirect) flags += 'R';
  if (session.tracking != nullptr && session.tracking->broadcast) flags += 'B';
  if (session.transaction != nullptr && session.transaction->watched().touched()) flags += 'd';
  if (session.closing) flags += 'c';
  if (session.transport->is_unix_socket()) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

// The number of commands queued; -1 for a client that is not in a transaction.
std::int64_t queued_commands(const Session& session) {
  return in_transaction(session) ? static_cast<std::int64_t>(session.transaction->queued().size())
                                 : -1;
}

std::size_t subscriptions(const Session& session, TopicKind kind) {
  return session.subscriber == nullptr ? 0 : session.subscriber->count(kind);
}

// The client that invalidations go to, 0 for itself; -1 for a client that does not track.
std::int64_t redirect_of(const Session& session) {
  return session.tracking == nullptr ? -1 : static_cast<std::int64_t>(session.tracking->redirect);
}

}  // namespace

// No connection keeps a reply buffer of its own (rbs, rbp).
std::string client_line(const Session& session, std::int64_t now_ms) {
  const Transport& transport = *session.transport;
  const OutputBuffer& out = session.reply.out();
  const std::size_t input_bytes = transport.pending_input_bytes();
  const std::string_view command =
      session.last_command == nullptr ? "NULL" : std::string_view(session.last_command->full_name);
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} "
      "multi={} qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs=0 rbp=0 obl={} oll={} omem={} "
      "tot-mem={} events={} cmd={} user={} redir={} resp={} lib-name={} lib-ver={}\n",
      session.id, transport.peer_address(), transport.local_address(), transport.fd(), session.name,
      (now_ms - session.created_ms) / 1000, (now_ms - session.last_active_ms) / 1000,
      flags_of(session), session.db, subscriptions(session, TopicKind::kChannel),
      subscriptions(session, TopicKind::kPattern), subscriptions(session, TopicKind::kShardChannel),
      queued_commands(session), input_bytes, transport.input_capacity_bytes() - input_bytes,
      argument_memory_of(session), transaction_memory_of(session), out.bytes(), out.segments(),
      out.empty() ? 0 : out.memory_bytes(), memory_of(session), out.empty() ? "r" : "rw", command,
      session.user, redirect_of(session), session.protocol, session.library_name,
      session.library_version);
}

std::optional<ClientType> client_type_by_name(std::string_view name) {
  if (equals_ignoring_case(name, "normal")) return ClientType::kNormal;
  if (equals_ignoring_case(name, "master")) return ClientType::kMaster;
  if (equals_ignoring_case(name, "replica")) return ClientType::kReplica;
  if (equals_ignoring_case(name, "slave")) return ClientType::kReplica;
  if (equals_ignoring_case(name, "pubsub")) return ClientType::kPubsub;
  return std::nullopt;
}

ClientType type_of(const Session& session) {
  return session.subscriber != nullptr ? ClientType::kPubsub : ClientType::kNormal;
}

}  // namespace tarn
