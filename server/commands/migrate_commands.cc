#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/numbers.h"
#include "persistence/rdb/rdb_writer.h"
#include "server/commands/families.h"
#include "server/commands/migrate_services.h"
#include "server/commands/migration_peers.h"
#include "server/engine/args.h"

// MIGRATE: moves keys to another server, so that at any time each is at one of the two (at both
// where the connection is lost between the target's writing and its reply).
//
//  1. The keys that exist are noted; none is a reply of its own.
//  2. A connection to the target is taken, a kept one where there is one.
//  3. AUTH and SELECT where needed, and a RESTORE for each key, go there in one pipeline.
//  4. The replies are read. A key that the target has confirmed is deleted here, unless COPY.
//
// Everything waits meanwhile: that is what makes it atomic, and why each wait is bounded by the
// timeout. A connection can have gone stale while it was kept, so what fails before the first
// confirmation, for another reason than time, is tried once more on a new one.

namespace tarn {
namespace {

constexpr std::string_view kKeyAndKeys =
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
constexpr std::size_t kHost = 1;
constexpr std::size_t kPort = 2;
constexpr std::size_t kKey = 3;
constexpr std::size_t kFirstOption = 6;
constexpr std::int64_t kDefaultTimeoutMs = 1000;

struct MigrateOptions {
  std::string host;
  int port = 0;
  std::int64_t db = 0;
  std::int64_t timeout_ms = kDefaultTimeoutMs;
  bool copy = false;
  bool replace = false;
  std::vector<std::string_view> auth;  // the arguments of AUTH; empty for none
  std::span<const std::string_view> keys;

  // The options come first: a wrong one is told before a wrong number is.
  void read(Call& call, ArgReader& args) {
    keys = call.args.subspan(kKey, 1);
    while (args.ok() && !args.at_end()) read_option(call, args);
    if (!args.ok()) return;
    std::int64_t timeout = 0;
    if (!parse_int64(call.args[5], timeout) || !parse_int64(call.args[4], db)) {
      return args.fail(errors::kNotInteger);
    }
    if (timeout > 0) timeout_ms = timeout;
    host = call.args[kHost];
    port = std::atoi(std::string(call.args[kPort]).c_str());
  }

 private:
  void read_option(Call& call, ArgReader& args) {
    Dispatcher& dispatcher = call.feature<MigrateServices>().dispatcher;
    if (args.accept("copy")) {
      copy = true;
    } else if (args.accept("replace")) {
      replace = true;
    } else if (args.accept("auth", 1)) {
      dispatcher.redact(args.position());
      auth = {args.next()};
    } else if (args.accept("auth2", 2)) {
      dispatcher.redact(args.position());
      dispatcher.redact(args.position() + 1);
      const std::string_view user = args.next();
      auth = {user, args.next()};
    } else if (args.accept("keys")) {
      if (!call.args[kKey].empty()) return args.fail(kKeyAndKeys);
      keys = call.args.subspan(args.position());
      while (!args.at_end()) args.next();
    } else {
      args.fail_syntax();
    }
  }
};

std::string_view words(PeerFault::During during) {
  switch (during) {
    case PeerFault::During::kConnecting: return "IOERR error or timeout connecting to the client";
    case PeerFault::During::kWriting: return "IOERR error or timeout writing to target instance";
    case PeerFault::During::kReading: break;
  }
  return "IOERR error or timeout reading to target instance";
}

class Migration {
 public:
  Migration(Call& call, const MigrateOptions& options)
      : call_(call), options_(options), peers_(call.feature<MigrateServices>().peers) {
    for (const std::string_view name : options.keys) {
      const Key key(name);
      if (call.db().find(key) != nullptr) keys_.push_back(key);
    }
  }

  bool has_keys() const { return !keys_.empty(); }

  void run() {
    std::optional<PeerFault> fault = attempt();
    if (fault && may_retry(*fault)) fault = attempt();
    tell_effect();
    if (!target_error_.empty()) {
      return call_.reply.error("ERR Target instance replied with error: " + target_error_);
    }
    if (fault) return call_.reply.error(words(fault->during));
    call_.reply.ok();
  }

 private:
  bool may_retry(const PeerFault& fault) const {
    return fault.during != PeerFault::During::kConnecting && !fault.timed_out && answered_ == 0;
  }

  std::optional<PeerFault> attempt() {
    auto taken = peers_.take(options_.host, options_.port, options_.timeout_ms);
    if (const auto* fault = std::get_if<PeerFault>(&taken)) return *fault;
    MigrationPeers::Peer& peer = std::get<MigrationPeers::Peer>(taken);
    if (const auto fault = send_all(peer)) return fault;
    if (const auto fault = read_all(peer)) return fault;
    if (target_error_.empty()) {
      peer.db = options_.db;
    } else {
      peer.db.reset();
    }
    peers_.give_back(std::move(peer), call_.databases.context().clock.monotonic_us());
    return std::nullopt;
  }

  std::optional<PeerFault> send_all(MigrationPeers::Peer& peer) {
    preludes_ = 0;
    std::vector<std::string_view> auth{"AUTH"};
    auth.insert(auth.end(), options_.auth.begin(), options_.auth.end());
    if (auth.size() > 1) {
      if (const auto fault = send(peer, auth)) return fault;
      ++preludes_;
    }
    if (peer.db != options_.db) {
      const std::string db = std::to_string(options_.db);
      if (const auto fault = send(peer, {{"SELECT", db}})) return fault;
      ++preludes_;
    }
    sent_.clear();
    for (const Key& key : keys_) {
      if (const auto fault = send_key(peer, key)) return fault;
    }
    return fault_of(peer.connection.flush());
  }

  // A key that has expired since it was noted is left out.
  std::optional<PeerFault> send_key(MigrationPeers::Peer& peer, const Key& key) {
    const Entry* entry = call_.db().peek(key);
    if (entry == nullptr) return std::nullopt;
    std::string ttl = "0";
    if (entry->has_deadline()) {
      ttl = std::to_string(std::max<std::int64_t>(entry->deadline_ms() - call_.now_ms(), 1));
    }
    const std::string payload = dump_payload(*entry);
    std::vector<std::string_view> restore{"RESTORE", key.bytes, ttl, payload};
    if (options_.replace) restore.emplace_back("REPLACE");
    sent_.push_back(key);
    return send(peer, restore);
  }

  // What AUTH and SELECT had to say decides over every key, for a RESTORE that went into the wrong
  // database has not moved anything.
  std::optional<PeerFault> read_all(MigrationPeers::Peer& peer) {
    std::string refusal;
    for (std::size_t i = 0; i < preludes_; ++i) {
      auto reply = peer.connection.read();
      if (const auto fault = fault_of(reply)) return fault;
      PeerReply& answer = std::get<PeerReply>(reply);
      if (answer.is_error && refusal.empty()) refusal = std::move(answer.text);
    }
    for (const Key& key : sent_) {
      auto reply = peer.connection.read();
      if (const auto fault = fault_of(reply)) return fault;
      ++answered_;
      PeerReply& answer = std::get<PeerReply>(reply);
      const bool refused = answer.is_error || !refusal.empty();
      if (!refused) {
        if (!options_.copy) drop(key);
      } else if (target_error_.empty()) {
        target_error_ = refusal.empty() ? std::move(answer.text) : refusal;
      }
    }
    return std::nullopt;
  }

  // A key that is named twice is gone already at its second turn.
  void drop(const Key& key) {
    if (!call_.db().erase(key)) return;
    call_.notify(kNotifyGeneric, "del", key.bytes);
    moved_.push_back(key.bytes);
  }

  // Elsewhere nothing is sent again: there, the keys that moved are gone.
  void tell_effect() {
    if (moved_.empty()) return;
    std::vector<std::string_view> effect{"DEL"};
    effect.insert(effect.end(), moved_.begin(), moved_.end());
    call_.propagate_as(effect);
  }

  static std::optional<PeerFault> send(MigrationPeers::Peer& peer,
                                       std::span<const std::string_view> args) {
    return fault_of(peer.connection.send(args));
  }
  static std::optional<PeerFault> send(MigrationPeers::Peer& peer,
                                       std::initializer_list<std::string_view> args) {
    return send(peer, std::span(args.begin(), args.size()));
  }
  template <class T>
  static std::optional<PeerFault> fault_of(const PeerConnection::Outcome<T>& outcome) {
    const auto* fault = std::get_if<PeerFault>(&outcome);
    return fault == nullptr ? std::nullopt : std::optional(*fault);
  }

  Call& call_;
  const MigrateOptions& options_;
  MigrationPeers& peers_;
  std::vector<Key> keys_;
  std::vector<Key> sent_;
  std::size_t preludes_ = 0;  // replies that come before those of keys
  std::size_t answered_ = 0;  // keys that the target has answered for
  std::string target_error_;
  std::vector<std::string_view> moved_;
};

void migrate(Call& call) {
  MigrateOptions options;
  ArgReader args(call, kFirstOption);
  options.read(call, args);
  if (args.failed()) return;
  Migration migration(call, options);
  if (!migration.has_keys()) return call.reply.simple("NOKEY");
  migration.run();
}

// A password may be "keys", so the arguments of options are stepped over.
bool find_migrate_keys(std::span<const std::string_view> args, std::vector<FoundKey>& keys) {
  constexpr std::uint16_t kFlags = kRW | kAccess | kDelete;
  std::size_t first = kKey;
  std::size_t end = kKey + 1;
  for (std::size_t i = kFirstOption; i < args.size() && first == kKey; ++i) {
    if (equals_ignoring_case(args[i], "auth")) {
      i += 1;
    } else if (equals_ignoring_case(args[i], "auth2")) {
      i += 2;
    } else if (equals_ignoring_case(args[i], "keys")) {
      if (!args[kKey].empty()) return false;
      first = i + 1;
      end = args.size();
    }
  }
  for (std::size_t i = first; i < end; ++i) keys.push_back({static_cast<int>(i), kFlags});
  return true;
}

constexpr CommandRow kRows[] = {
    {
        .name = "migrate",
        .handler = migrate,
        .arity = -6,
        .flags = kWrite,
        .categories = kKeyspaceCategory | kDangerousCategory,
        .keys = {key_at(3, kRW | kAccess | kDelete),
                 {.flags = kRW | kAccess | kDelete | kIncomplete,
                  .begin = KeySpec::Begin::kKeyword,
                  .index = -2,
                  .keyword = "KEYS",
                  .last = -1}},
        .find_keys = find_migrate_keys,
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(N) for N bytes of the keys' values, and the time that the target takes",
        .summary = "Moves keys to another server, atomically",
        .syntax =
            "host port key|\"\" destination-db timeout [COPY]@3.0.0 "
            "[REPLACE]@3.0.0 authentication=[AUTH password@4.0.7|(AUTH2 username password)@6.0.0] "
            "[KEYS key [key ...]]@3.0.6",
        .tips = "nondeterministic_output",
        .history = "3.0.0: Added the `COPY` and `REPLACE` options.\n"
                   "3.0.6: Added the `KEYS` option.\n"
                   "4.0.7: Added the `AUTH` option.\n"
                   "6.0.0: Added the `AUTH2` option.",
    },
};

}  // namespace

std::span<const CommandRow> migrate_commands() { return kRows; }

}  // namespace tarn
