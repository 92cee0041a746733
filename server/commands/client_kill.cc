// CLIENT KILL.

#include <fmt/core.h>

#include <limits>
#include <optional>
#include <vector>

#include "server/commands/client_control.h"
#include "server/commands/client_line.h"
#include "server/engine/args.h"
#include "server/engine/client_services.h"

namespace tarn {
namespace {

// Which clients to kill: those that all given conditions fit.
struct KillFilter {
  std::optional<std::uint64_t> id;
  std::optional<ClientType> type;
  std::string_view address;  // empty for any; so are the next two
  std::string_view local_address;
  std::string_view user;
  std::int64_t min_age_s = 0;
  bool skip_caller = true;

  // Pairs of a condition and its value. Returns whether all is well; if not, an error was replied.
  bool read(Call& call);
  bool fits(const Session& session, std::int64_t now_ms) const;

 private:
  void read_max_age(ArgReader& args);
};

bool KillFilter::read(Call& call) {
  ArgReader args(call, 2);
  std::string error;  // one that names what it is about
  while (args.ok() && error.empty() && !args.at_end()) {
    if (args.accept("id", 1)) {
      id = static_cast<std::uint64_t>(args.integer_in(1, std::numeric_limits<std::int64_t>::max(),
                                                      "ERR client-id should be greater than 0"));
    } else if (args.accept("type", 1)) {
      type = client_type_by_name(args.peek());
      if (!type) error = fmt::format("ERR Unknown client type '{}'", args.peek());
      args.next();
    } else if (args.accept("addr", 1)) {
      address = args.next();
    } else if (args.accept("laddr", 1)) {
      local_address = args.next();
    } else if (args.accept("user", 1)) {
      user = args.next();
      if (user != "default") error = fmt::format("ERR No such user '{}'", user);
    } else if (args.accept("maxage", 1)) {
      read_max_age(args);
    } else if (args.accept("skipme", 1)) {
      skip_caller = args.accept("yes");
      if (!skip_caller && !args.accept("no")) args.fail_syntax();
    } else {
      args.fail_syntax();
    }
  }
  if (!error.empty()) call.reply.error(error);
  return error.empty() && !args.failed();
}

void KillFilter::read_max_age(ArgReader& args) {
  min_age_s = args.integer("ERR maxage is not an integer or out of range");
  if (min_age_s <= 0) args.fail("ERR maxage should be greater than 0");
}

bool KillFilter::fits(const Session& session, std::int64_t now_ms) const {
  if (id && session.id != *id) return false;
  if (type && type_of(session) != *type) return false;
  if (!address.empty() && session.transport->peer_address() != address) return false;
  if (!local_address.empty() && session.transport->local_address() != local_address) return false;
  if (!user.empty() && session.user != user) return false;
  return (now_ms - session.created_ms) / 1000 >= min_age_s;
}

// The caller itself still gets its reply.
std::size_t kill(Call& call, const KillFilter& filter) {
  const ClientServices& services = call.feature<ClientServices>();
  const std::int64_t now_ms = services.dispatcher.clock().monotonic_ms();
  std::vector<Session*> victims;  // closing one removes it from the registry
  for (const auto& [id, session] : services.clients.sessions()) {
    if (session == &call.session && filter.skip_caller) continue;
    if (filter.fits(*session, now_ms)) victims.push_back(session);
  }
  for (Session* victim : victims) {
    victim->closing = true;
    victim == &call.session ? victim->transport->close_after_flush() : victim->transport->close();
  }
  return victims.size();
}

}  // namespace

void client_kill(Call& call) {
  KillFilter filter;
  if (call.args.size() == 3) {
    filter.address = call.args[2];
    filter.skip_caller = false;
    const bool found = !filter.address.empty() && kill(call, filter) > 0;
    return found ? call.reply.ok() : call.reply.error("ERR No such client");
  }
  if (filter.read(call)) call.reply.integer(static_cast<std::int64_t>(kill(call, filter)));
}

}  // namespace tarn
