#include "server/commands/client_line.h"

#include <fmt/format.h>

#include "server/engine/args.h"
#include "server/engine/command.h"
#include "server/engine/resp_client.h"
#include "server/net/connection.h"

namespace tarn {
namespace {

std::string flags_of(const Session& session) {
  std::string flags;
  if (session.monitor) flags += 'O';
  if (session.blocked || session.paused) flags += 'b';
  if (session.closing) flags += 'c';
  if (session.transport->is_unix_socket()) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

// What the client costs, its large arguments in progress left out.
std::size_t memory_of(const Session& session) {
  const Transport& transport = *session.transport;
  return sizeof(RespClient) + sizeof(Connection) + transport.input_capacity_bytes() +
         session.reply.out().memory_bytes() + session.name.capacity() +
         session.library_name.capacity() + session.library_version.capacity();
}

}  // namespace

// Fields of what the server does not have say so: nobody subscribes (sub, psub, ssub), nobody is in
// a transaction (multi), arguments are not copied (argv-mem, multi-mem), and no connection keeps a
// reply buffer of its own (rbs, rbp).
std::string client_line(const Session& session, std::int64_t now_ms) {
  const Transport& transport = *session.transport;
  const OutputBuffer& out = session.reply.out();
  const std::size_t input_bytes = transport.pending_input_bytes();
  const std::string_view command =
      session.last_command == nullptr ? "NULL" : std::string_view(session.last_command->full_name);
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 "
      "multi=-1 qbuf={} qbuf-free={} argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={} oll={} omem={} "
      "tot-mem={} events={} cmd={} user={} redir=-1 resp={} lib-name={} lib-ver={}\n",
      session.id, transport.peer_address(), transport.local_address(), transport.fd(), session.name,
      (now_ms - session.created_ms) / 1000, (now_ms - session.last_active_ms) / 1000,
      flags_of(session), session.db, input_bytes, transport.input_capacity_bytes() - input_bytes,
      out.bytes(), out.segments(), out.empty() ? 0 : out.memory_bytes(), memory_of(session),
      out.empty() ? "r" : "rw", command, session.user, session.protocol, session.library_name,
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

ClientType type_of(const Session& /*session*/) { return ClientType::kNormal; }

}  // namespace tarn
