// Commands that a connection says about itself: who it is, which protocol it speaks, that it lives.

#include <fmt/core.h>

#include "server/commands/client_name.h"
#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/authentication.h"
#include "server/engine/client_services.h"
#include "server/engine/redis_version.h"
#include "server/pubsub/pubsub.h"
#include "server/pubsub/tracking.h"

namespace tarn {
namespace {

constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
constexpr std::string_view kNoPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is correct?";
constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";

ClientServices& services(Call& call) { return call.feature<ClientServices>(); }

// --- AUTH and HELLO

void auth(Call& call) {
  for (std::size_t i = 1; i < call.args.size(); ++i) services(call).dispatcher.redact(i);
  if (call.args.size() > 3) return call.reply.error(errors::kSyntax);
  const Options& options = services(call).options;
  const bool named = call.args.size() == 3;
  if (!named && options.requirepass.empty()) return call.reply.error(kNoPassword);
  const std::string_view user = named ? call.args[1] : "default";
  if (!services(call).logins.authenticate(call.session, user, call.args.back())) {
    return call.reply.error(kWrongPass);
  }
  call.reply.ok();
}

// Options take effect as they are read. Returns false when an error was replied.
bool read_hello_options(Call& call, ArgReader& args) {
  ClientServices& server = services(call);
  while (args.ok() && !args.at_end()) {
    if (args.accept("auth", 2)) {
      server.dispatcher.redact(args.position());
      server.dispatcher.redact(args.position() + 1);
      const std::string_view user = args.next();
      if (!server.logins.authenticate(call.session, user, args.next())) args.fail(kWrongPass);
    } else if (args.accept("setname", 1)) {
      const std::string_view name = args.next();
      fits_client_line(name) ? void(call.session.name = name) : args.fail(kBadClientName);
    } else {
      call.reply.error(fmt::format("ERR Syntax error in HELLO option '{}'", args.peek()));
      return false;
    }
  }
  return !args.failed();
}

void hello(Call& call) {
  Session& session = call.session;
  ArgReader args(call, 1);
  std::int64_t protocol = session.protocol;
  if (!args.at_end()) {
    protocol = args.integer("ERR Protocol version is not an integer or out of range");
    if (protocol < 2 || protocol > 3) args.fail("NOPROTO unsupported protocol version");
  }
  if (!read_hello_options(call, args)) return;
  if ((session.gates & kAuthenticationGate) != 0) return call.reply.error(kHelloNoAuth);
  session.protocol = static_cast<int>(protocol);

  Reply& reply = call.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(session.protocol);
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(session.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

// --- The rest

void ping(Call& call) {
  if (call.args.size() > 2) return refuse_argument_count(call);
  if (call.session.subscriber != nullptr && !call.reply.resp3()) {
    // Told apart from messages by its first element, as they are from each other.
    call.reply.array(2);
    call.reply.bulk("pong");
    return call.reply.bulk(call.args.size() == 2 ? call.args[1] : "");
  }
  call.args.size() == 2 ? call.reply.bulk(call.args[1]) : call.reply.simple("PONG");
}

void echo(Call& call) { call.reply.bulk(call.args[1]); }

void quit(Call& call) {
  call.reply.ok();
  call.session.closing = true;
  if (call.session.transport != nullptr) call.session.transport->close_after_flush();
}

// Everything that commands changed about the connection is as it was at its beginning.
void reset(Call& call) {
  Session& session = call.session;
  discard_transaction(session);
  services(call).monitors.remove(session);
  services(call).pubsub.forget(session);
  services(call).tracking.disable(session);
  session.db = 0;
  session.protocol = 2;
  // A reply that is to be skipped is this one's.
  if (session.reply_mode != Session::ReplyMode::kSkipThis) {
    session.reply_mode = Session::ReplyMode::kOn;
  }
  session.name.clear();
  session.no_evict = false;
  session.no_touch = false;
  session.gates &= ~GateMask{kNoTouchGate};
  become_default_user(session, services(call).options);
  call.reply.simple("RESET");
}

// READONLY, READWRITE and ASKING talk to the members of a cluster.
void refuse_without_cluster(Call& call) {
  call.reply.error("ERR This instance has cluster support disabled");
}

constexpr std::uint32_t kHandshakeFlags =
    kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

constexpr CommandRow kRows[] = {
    {
        .name = "auth",
        .handler = auth,
        .arity = -2,
        .flags = kHandshakeFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of passwords of the user",
        .summary = "Tells the server who the client is, and proves it by a password",
        .syntax = "[username]@6.0.0 password",
        .history = "6.0.0: Added ACL style (username and password).",
    },
    {
        .name = "hello",
        .handler = hello,
        .arity = -1,
        .flags = kHandshakeFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Agrees on the protocol version, and says what the server is",
        .syntax = "arguments=[protover [AUTH username password] [SETNAME clientname]]",
        .history = "6.2.0: `protover` made optional; when called without arguments the command "
                   "reports the current connection's context.",
    },
    {
        .name = "ping",
        .handler = ping,
        .arity = -1,
        .flags = kFast | kWhileSubscribed,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Shows that the server is there",
        .syntax = "[message]",
        .tips = "request_policy:all_shards response_policy:all_succeeded",
    },
    {
        .name = "echo",
        .handler = echo,
        .arity = 2,
        .flags = kLoading | kStale | kFast,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Sends the message back",
        .syntax = "message",
    },
    {
        .name = "quit",
        .handler = quit,
        .arity = -1,
        .flags = kHandshakeFlags | kNeverQueued | kWhileSubscribed,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Has the server close the connection",
        .deprecated_since = "7.2.0",
        .replaced_by = "just closing the connection",
    },
    {
        .name = "reset",
        .handler = reset,
        .arity = 1,
        .flags = kHandshakeFlags | kNeverQueued | kWhileSubscribed,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Makes the connection as good as new",
    },
    {
        .name = "readonly",
        .handler = refuse_without_cluster,
        .arity = 1,
        .flags = kLoading | kStale | kFast,
        .categories = kConnectionCategory,
        .group = "cluster",
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Allows reads from a replica of a cluster",
    },
    {
        .name = "readwrite",
        .handler = refuse_without_cluster,
        .arity = 1,
        .flags = kLoading | kStale | kFast,
        .categories = kConnectionCategory,
        .group = "cluster",
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Takes READONLY back",
    },
    {
        .name = "asking",
        .handler = refuse_without_cluster,
        .arity = 1,
        .flags = kFast,
        .categories = kConnectionCategory,
        .group = "cluster",
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Announces a command that an ASK redirection sent here",
    },
};

}  // namespace

std::span<const CommandRow> connection_commands() { return kRows; }

}  // namespace tarn
