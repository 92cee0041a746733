#include "server/pubsub/tracking.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/memory/reclaimer.h"
#include "server/engine/gates.h"
#include "server/engine/transactions.h"
#include "server/protocol/resp_writer.h"

namespace tarn {
namespace {

// How many keys too many are taken out of the table after a command, beside those that it added.
constexpr std::size_t kEffort = 100;
// A table of more keys is taken down by the helper thread.
constexpr std::size_t kLargeTable = 1000;

Message invalidation(MessageTail& tail) {
  return {"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n", ">2\r\n$10\r\ninvalidate\r\n",
          tail};
}

void append_header(std::string& resp, char type, std::size_t number) {
  char header[resp::kMaxHeaderBytes];
  const char* end = resp::put_header(header, type, static_cast<std::int64_t>(number));
  resp.append(header, static_cast<std::size_t>(end - header));
}

void append_bulk(std::string& resp, std::string_view bytes) {
  append_header(resp, '$', bytes.size());
  resp.append(bytes).append("\r\n");
}

// Whether one of the two is a prefix of the other.
bool overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

}  // namespace

Tracking::Tracking(Dispatcher& dispatcher, const ClientRegistry& clients, KeyEvents& keys,
                   PushOutlet& outlet)
    : dispatcher_(dispatcher),
      clients_(clients),
      keys_(keys),
      outlet_(outlet),
      table_(std::make_unique<TrackingTable>()) {}

Tracking::~Tracking() {
  while (!tracking_.empty()) disable(**tracking_.begin());
}

// --- Who tracks

Result<> Tracking::check(const Session& session, const TrackingWish& wish) {
  const TrackedClient* before = session.tracking;
  if (!wish.broadcast && !wish.prefixes.empty()) {
    return Error{"ERR PREFIX option requires BCAST mode to be enabled"};
  }
  if (before != nullptr && before->broadcast != wish.broadcast) {
    return Error{
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
        "then re-enabling it with a different mode."};
  }
  if (wish.broadcast && (wish.opt_in || wish.opt_out)) {
    return Error{"ERR OPTIN and OPTOUT are not compatible with BCAST"};
  }
  if (wish.opt_in && wish.opt_out) {
    return Error{"ERR You can't specify both OPTIN mode and OPTOUT mode"};
  }
  if (before != nullptr && ((wish.opt_in && before->opt_out) || (wish.opt_out && before->opt_in))) {
    return Error{
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
        "then re-enabling it with a different mode."};
  }
  return check_prefixes(session, wish);
}

// A key must not be told of twice.
Result<> Tracking::check_prefixes(const Session& session, const TrackingWish& wish) {
  constexpr std::string_view kRule = "Prefixes for a single client must not overlap.";
  for (auto one = wish.prefixes.begin(); one != wish.prefixes.end(); ++one) {
    if (session.tracking != nullptr) {
      for (const std::string& known : session.tracking->prefixes) {
        if (!overlap(known, *one)) continue;
        return Error{fmt::format("ERR Prefix '{}' overlaps with an existing prefix '{}'. {}", *one,
                                 known, kRule)};
      }
    }
    for (auto other = one + 1; other != wish.prefixes.end(); ++other) {
      if (!overlap(*one, *other)) continue;
      return Error{fmt::format("ERR Prefix '{}' overlaps with another provided prefix '{}'. {}",
                               *one, *other, kRule)};
    }
  }
  return {};
}

Result<> Tracking::enable(Session& session, const TrackingWish& wish) {
  if (auto fits = check(session, wish); !fits) return fits;
  if (session.tracking == nullptr) {
    session.tracking = new TrackedClient;
    session.gates |= kTrackingGate | kPushGate;
    tracking_.insert(&session);
    keys_.listen(*this, KeyEvents::kModified | KeyEvents::kExpired | KeyEvents::kReplaced);
  }
  TrackedClient& tracked = *session.tracking;
  tracked.broadcast = wish.broadcast;
  tracked.opt_in = wish.opt_in;
  tracked.opt_out = wish.opt_out;
  tracked.no_loop = wish.no_loop;
  tracked.broken_redirect = false;
  tracked.redirect = wish.redirect;
  if (Session* receiver = clients_.find(wish.redirect); receiver != nullptr) {
    receiver->gates |= kPushGate;
  }
  for (const std::string_view prefix : wish.prefixes) add_prefix(session, prefix);
  if (wish.broadcast && wish.prefixes.empty()) add_prefix(session, "");
  return {};
}

void Tracking::add_prefix(Session& session, std::string_view name) {
  auto& own = session.tracking->prefixes;
  const auto at = std::lower_bound(own.begin(), own.end(), name);
  if (at != own.end() && *at == name) return;
  own.emplace(at, name);
  session.tracking->prefix_bytes += name.size();
  Prefix& prefix = prefixes_[name];
  if (prefix.sessions.empty()) prefix.name = name;
  prefix.sessions.push_back(&session);
}

void Tracking::disable(Session& session) {
  if (session.tracking == nullptr) return;
  for (const std::string& name : session.tracking->prefixes) {
    Prefix& prefix = *prefixes_.find(name);
    std::erase(prefix.sessions, &session);
    if (!prefix.sessions.empty()) continue;
    std::erase(waiting_, &prefix);
    prefixes_.erase(name);
  }
  delete std::exchange(session.tracking, nullptr);
  session.gates &= ~GateMask{kTrackingGate};
  tracking_.erase(&session);
  if (!tracking_.empty()) return;
  keys_.listen(*this, 0);
  drop_table();
}

// --- What they have read

bool Tracking::reads_are_tracked(std::uint64_t id) const {
  const Session* session = clients_.find(id);
  return session != nullptr && session->tracking != nullptr && !session->tracking->broadcast;
}

void Tracking::remember(const Call& call) {
  const TrackedClient* tracked = call.session.tracking;
  if (tracked == nullptr || tracked->broadcast) return;
  if (tracked->opt_in ? !tracked->caching : tracked->opt_out && tracked->caching) return;
  found_.clear();
  if (!find_keys(call.command, call.args, found_)) return;
  for (const FoundKey& found : found_) {
    table_->remember(call.args[static_cast<std::size_t>(found.position)], call.session.id,
                     [this](std::uint64_t id) { return reads_are_tracked(id); });
  }
  limit_keys(found_.size() + kEffort);
}

void Tracking::request_done(Session& session, const Command* command) {
  TrackedClient* tracked = session.tracking;
  if (tracked == nullptr || !tracked->caching || in_transaction(session)) return;
  if (command != nullptr && command->parent != nullptr) command = command->parent;
  if (command == nullptr || command->row->name != "client") tracked->caching = false;
}

void Tracking::limit_keys(std::size_t effort) {
  if (max_keys_ == 0) return;
  for (; effort > 0 && table_->keys() > max_keys_; --effort) invalidate(table_->random_key(), 0);
}

void Tracking::drop_table() {
  if (table_->keys() == 0) return;
  auto old = std::exchange(table_, std::make_unique<TrackingTable>());
  if (old->keys() > kLargeTable) Reclaimer::destroy_later(std::move(old));
}

// --- What has changed

std::uint64_t Tracking::running_client() const {
  const Call* call = dispatcher_.running();
  return call == nullptr ? 0 : call->session.id;
}

void Tracking::key_modified(Keyspace& /*keyspace*/, std::string_view key) {
  changed(key, running_client());
}

void Tracking::key_expired(Keyspace& /*keyspace*/, std::string_view key) { changed(key, 0); }

void Tracking::changed(std::string_view key, std::uint64_t by) {
  if (!prefixes_.empty()) wait_for_broadcast(key, by);
  if (table_->keys() > 0) invalidate(key, by);
}

void Tracking::invalidate(std::string_view key, std::uint64_t by) {
  const std::vector<std::uint64_t> ids = table_->take(key);
  if (ids.empty()) return;
  std::string resp = "*1\r\n";
  append_bulk(resp, key);
  MessageTail tail = MessageTail::bytes(std::move(resp));
  Message message = invalidation(tail);
  for (const std::uint64_t id : ids) {
    if (!reads_are_tracked(id)) continue;
    Session& session = *clients_.find(id);
    if (session.tracking->no_loop && id == by) continue;
    send(session, message);
  }
}

// A command that empties several databases is told of once.
void Tracking::keyspace_flushed(Keyspace& /*keyspace*/) {
  if (flush_told_ == dispatcher_.commands_processed()) return;
  flush_told_ = dispatcher_.commands_processed();
  MessageTail null2 = MessageTail::bytes("$-1\r\n");
  MessageTail null3 = MessageTail::bytes("_\r\n");
  Message message2 = invalidation(null2);
  Message message3 = invalidation(null3);
  for (Session* session : tracking_) send(*session, session->protocol < 3 ? message2 : message3);
  drop_table();
}

// --- Telling

// The client that is told, or nullptr: there is nobody, or RESP2 has no way to tell it.
Session* Tracking::receiver_of(Session& tracker) {
  TrackedClient& tracked = *tracker.tracking;
  if (tracked.redirect == 0) return tracker.protocol >= 3 ? &tracker : nullptr;
  Session* receiver = clients_.find(tracked.redirect);
  if (receiver != nullptr) {
    return receiver->protocol >= 3 || receiver->subscriber != nullptr ? receiver : nullptr;
  }
  tracked.broken_redirect = true;
  if (tracker.protocol >= 3) {
    Reply push(tracker.pushes(), tracker.protocol, Dialect::kResp);
    push.push(2);
    push.bulk("tracking-redir-broken");
    push.integer(static_cast<std::int64_t>(tracked.redirect));
    outlet_.written(tracker);
  }
  return nullptr;
}

void Tracking::send(Session& tracker, Message& message) {
  Session* receiver = receiver_of(tracker);
  if (receiver == nullptr || receiver->closing) return;
  message.write(receiver->pushes(), receiver->protocol);
  outlet_.written(*receiver);
}

void Tracking::wait_for_broadcast(std::string_view key, std::uint64_t by) {
  const bool none_waited = waiting_.empty();
  prefixes_.visit_prefixes_of(key, [&](Prefix& prefix) {
    if (prefix.changed.empty()) waiting_.push_back(&prefix);
    prefix.changed.try_emplace(std::string(key), by);
  });
  if (none_waited && !waiting_.empty() && on_waiting) on_waiting();
}

void Tracking::broadcast() {
  if (waiting_.empty()) return;
  std::sort(waiting_.begin(), waiting_.end(),
            [](const Prefix* a, const Prefix* b) { return a->name < b->name; });
  for (Prefix* prefix : waiting_) {
    tell(*prefix);
    prefix->changed.clear();
  }
  waiting_.clear();
}

void Tracking::tell(Prefix& prefix) {
  // All changed keys but those that one client has changed itself; empty for none.
  const auto list_but = [&](std::uint64_t by) {
    std::string keys;
    std::size_t count = 0;
    for (const auto& [key, changer] : prefix.changed) {
      if (by != 0 && changer == by) continue;
      append_bulk(keys, key);
      ++count;
    }
    std::string resp;
    if (count > 0) append_header(resp, '*', count);
    return resp + keys;
  };
  MessageTail tail = MessageTail::bytes(list_but(0));
  Message message = invalidation(tail);
  for (Session* session : prefix.sessions) {
    if (!session->tracking->no_loop) {
      send(*session, message);
    } else if (std::string others = list_but(session->id); !others.empty()) {
      MessageTail rest = MessageTail::bytes(std::move(others));
      Message own = invalidation(rest);
      send(*session, own);
    }
  }
}

}  // namespace tarn
