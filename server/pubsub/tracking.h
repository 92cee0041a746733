#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/base/result.h"
#include "server/engine/dispatcher.h"
#include "server/engine/key_events.h"
#include "server/engine/push_outlet.h"
#include "server/pubsub/message.h"
#include "server/pubsub/prefix_map.h"
#include "server/pubsub/tracking_table.h"

namespace tarn {

// What CLIENT TRACKING ON asks for.
struct TrackingWish {
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  std::uint64_t redirect = 0;  // to a client's id; 0: to itself
  std::vector<std::string_view> prefixes;
};

// A client that tracks, and how.
struct TrackedClient {
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  bool caching = false;          // CLIENT CACHING was called for the command to come
  bool broken_redirect = false;  // an invalidation found its receiver gone
  std::uint64_t redirect = 0;
  std::vector<std::string> prefixes;  // of broadcast, in order
  std::size_t prefix_bytes = 0;

  std::size_t memory_bytes() const {
    // A prefix is known here and in the table of all prefixes.
    constexpr std::size_t kPrefixBytes = 128;
    return sizeof(*this) + prefixes.size() * kPrefixBytes + 2 * prefix_bytes;
  }
};

// CLIENT TRACKING: clients keep what they read in a cache of their own, and are told when a key of
// it changes.
//
//  - By default the server remembers who read which key (tracking_table.h), and tells each of them
//    once. The table is bounded: beyond tracking-table-max-keys, keys chosen at random are taken
//    out of it, as if they had changed.
//  - With BCAST nothing is remembered: all changes of keys with the client's prefixes are told,
//    those of one batch together, to all clients of a prefix in the same bytes.
//
// What is told goes as a push to the client, or to another one that it names; in RESP2, to such
// another one that subscribes to something, as a message of the channel __redis__:invalidate.
//
// A key is known by its name alone, whatever the database. Databases that are exchanged are not
// told of.
class Tracking final : public KeyObserver {
 public:
  Tracking(Dispatcher& dispatcher, const ClientRegistry& clients, KeyEvents& keys,
           PushOutlet& outlet);
  ~Tracking() override;
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // Fails, and changes nothing, where the wish contradicts itself or what was wished before.
  Result<> enable(Session& session, const TrackingWish& wish);
  void disable(Session& session);

  // A command has read its keys.
  void remember(const Call& call);
  // A request of a client that tracks is done: what CLIENT CACHING said has been said of it.
  void request_done(Session& session, const Command* command);

  // 0: without a limit.
  void set_max_keys(std::size_t keys) { max_keys_ = keys; }

  // Called when changes wait for broadcast() that waited for none before.
  std::function<void()> on_waiting;
  // Tells those with BCAST what has changed since the last call.
  void broadcast();

  std::size_t clients() const { return tracking_.size(); }
  std::size_t keys() const { return table_->keys(); }
  std::size_t items() const { return table_->items(); }
  std::size_t prefixes() const { return prefixes_.size(); }

  void key_modified(Keyspace& keyspace, std::string_view key) override;
  void key_expired(Keyspace& keyspace, std::string_view key) override;
  void keyspace_flushed(Keyspace& keyspace) override;

 private:
  // Those who want to hear of a prefix, and the keys to tell them of.
  struct Prefix {
    std::string name;
    std::vector<Session*> sessions;
    std::map<std::string, std::uint64_t> changed;  // by whom (a client's id); 0 for nobody
  };

  static Result<> check(const Session& session, const TrackingWish& wish);
  static Result<> check_prefixes(const Session& session, const TrackingWish& wish);
  void add_prefix(Session& session, std::string_view prefix);
  std::uint64_t running_client() const;
  bool reads_are_tracked(std::uint64_t id) const;
  void changed(std::string_view key, std::uint64_t by);
  void invalidate(std::string_view key, std::uint64_t by);
  void wait_for_broadcast(std::string_view key, std::uint64_t by);
  void tell(Prefix& prefix);
  void send(Session& tracker, Message& message);
  Session* receiver_of(Session& tracker);
  void limit_keys(std::size_t effort);
  void drop_table();

  Dispatcher& dispatcher_;
  const ClientRegistry& clients_;
  KeyEvents& keys_;
  PushOutlet& outlet_;
  std::unordered_set<Session*> tracking_;
  std::unique_ptr<TrackingTable> table_;
  PrefixMap<Prefix> prefixes_;
  std::size_t max_keys_ = 0;
  std::vector<FoundKey> found_;   // scratch
  std::vector<Prefix*> waiting_;  // for broadcast(): prefixes with changed keys
  std::optional<std::uint64_t> flush_told_;
};

}  // namespace tarn
