// CLIENT TRACKING and its companions: CACHING, GETREDIR and TRACKINGINFO.

#include "server/commands/client_control.h"
#include "server/engine/args.h"
#include "server/engine/client_services.h"
#include "server/pubsub/tracking.h"

namespace tarn {
namespace {

ClientServices& services(Call& call) { return call.feature<ClientServices>(); }

// The id of a client that is there.
std::uint64_t read_receiver(Call& call, ArgReader& args, std::uint64_t before) {
  if (before != 0) args.fail("ERR A client can only redirect to a single other client");
  const std::int64_t id = args.integer();
  if (args.ok() && services(call).clients.find(static_cast<std::uint64_t>(id)) == nullptr) {
    args.fail("ERR The client ID you want redirect to does not exist");
  }
  return static_cast<std::uint64_t>(id);
}

TrackingWish read_wish(Call& call, ArgReader& args) {
  TrackingWish wish;
  while (args.ok() && !args.at_end()) {
    if (args.accept("redirect", 1)) {
      wish.redirect = read_receiver(call, args, wish.redirect);
    } else if (args.accept("bcast")) {
      wish.broadcast = true;
    } else if (args.accept("optin")) {
      wish.opt_in = true;
    } else if (args.accept("optout")) {
      wish.opt_out = true;
    } else if (args.accept("noloop")) {
      wish.no_loop = true;
    } else if (args.accept("prefix", 1)) {
      wish.prefixes.push_back(args.next());
    } else {
      args.fail_syntax();
    }
  }
  return wish;
}

void reply_flags(Reply& reply, const TrackedClient* tracked) {
  if (tracked == nullptr) {
    reply.set(1);
    return reply.bulk("off");
  }
  std::vector<std::string_view> flags = {"on"};
  if (tracked->broadcast) flags.push_back("bcast");
  if (tracked->opt_in) flags.push_back("optin");
  if (tracked->opt_in && tracked->caching) flags.push_back("caching-yes");
  if (tracked->opt_out) flags.push_back("optout");
  if (tracked->opt_out && tracked->caching) flags.push_back("caching-no");
  if (tracked->no_loop) flags.push_back("noloop");
  if (tracked->broken_redirect) flags.push_back("broken_redirect");
  reply.set(flags.size());
  for (const std::string_view flag : flags) reply.bulk(flag);
}

std::int64_t redirect_of(const Session& session) {
  return session.tracking == nullptr ? -1 : static_cast<std::int64_t>(session.tracking->redirect);
}

}  // namespace

void client_tracking(Call& call) {
  const std::string_view status = call.args[2];
  ArgReader args(call, 3);
  const TrackingWish wish = read_wish(call, args);
  const bool on = equals_ignoring_case(status, "on");
  if (!on && !equals_ignoring_case(status, "off")) args.fail_syntax();
  if (args.failed()) return;
  if (!on) {
    services(call).tracking.disable(call.session);
  } else if (const auto enabled = services(call).tracking.enable(call.session, wish); !enabled) {
    return call.reply.error(enabled.error().message);
  }
  call.reply.ok();
}

void client_caching(Call& call) {
  TrackedClient* tracked = call.session.tracking;
  if (tracked == nullptr) {
    return call.reply.error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  if (equals_ignoring_case(call.args[2], "yes")) {
    if (!tracked->opt_in) {
      return call.reply.error(
          "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    }
  } else if (equals_ignoring_case(call.args[2], "no")) {
    if (!tracked->opt_out) {
      return call.reply.error(
          "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
  } else {
    return call.reply.error(errors::kSyntax);
  }
  tracked->caching = true;
  call.reply.ok();
}

void client_getredir(Call& call) { call.reply.integer(redirect_of(call.session)); }

void client_trackinginfo(Call& call) {
  const TrackedClient* tracked = call.session.tracking;
  call.reply.map(3);
  call.reply.bulk("flags");
  reply_flags(call.reply, tracked);
  call.reply.bulk("redirect");
  call.reply.integer(redirect_of(call.session));
  call.reply.bulk("prefixes");
  call.reply.array(tracked == nullptr ? 0 : tracked->prefixes.size());
  if (tracked == nullptr) return;
  for (const std::string& prefix : tracked->prefixes) call.reply.bulk(prefix);
}

}  // namespace tarn
