#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "core/base/assert.h"
#include "core/keyspace/databases.h"
#include "server/engine/command.h"
#include "server/engine/command_table.h"
#include "server/engine/notifications.h"
#include "server/engine/propagation.h"
#include "server/engine/reply.h"
#include "server/engine/session.h"

namespace tarn {

class KeyWaiters;
struct KeyWait;

// What a handler gets: the arguments, who asks, the keyspace and where to reply. Lives for one
// command.
class Call {
 public:
  Call(const Command& called, std::span<const std::string_view> arguments, Session& caller,
       Databases& all_databases, Notifications& all_notifications)
      : command(called),
        args(arguments),
        session(caller),
        reply(caller.reply),
        databases(all_databases),
        notifications(all_notifications) {}

  const Command& command;
  // args[0] is the command's name; a subcommand's is args[1].
  const std::span<const std::string_view> args;
  Session& session;
  Reply& reply;
  Databases& databases;
  Notifications& notifications;

  Keyspace& db() { return databases[session.db]; }
  std::int64_t now_ms() { return databases.context().clock.now_ms(); }
  // Whether a deadline that is to be set means that the key, or the field, goes at once.
  bool has_passed(std::int64_t deadline_ms) {
    return deadline_ms <= now_ms() && !databases.context().suspend_expiry;
  }

  // Tells subscribers what happened to a key of the session's database; see Notifications::emit.
  void notify(std::uint32_t notify_class, std::string_view event, std::string_view key) {
    notifications.emit(notify_class, event, session.db, key);
  }

  // The argument as a key, hashed. The first key of a pipelined command was hashed, and its place
  // in the table prefetched, before the command ran.
  Key key(std::size_t position) const {
    if (prefetched_ != nullptr && static_cast<int>(position) == command.first_key) {
      return *prefetched_;
    }
    return Key(args[position]);
  }

  // The argument's bytes where they were received into a blob of their own, which can become a
  // value without a copy; an empty reference otherwise.
  BlobRef blob(std::size_t position) const {
    if (position < blobs_.size()) return blobs_[position];
    return {};
  }

  // Says that there is no room for what the command would store.
  void reply_no_room() {
    const std::string_view words = command.row->out_of_memory;
    words.empty() ? reply.error(errors::kNoRoom) : reply.error(errors::kNoRoom, words);
  }

  // Lets the client wait until one of the keys can serve it; key_wait.h says how. The last thing
  // that a handler does.
  void block_on_keys(const KeyWait& wait);
  // Of the keys that the call may wait for, those to look at now: all of them or, where it has
  // waited, the one that woke it. REQUIRES: `keys` is a part of args, the same one each time.
  std::span<const std::string_view> awaited(std::span<const std::string_view> keys) const {
    return woken_by_ == 0 ? keys : args.subspan(woken_by_, 1);
  }

  // Whether anybody is told of effects: ask before preparing arguments only for that.
  bool propagates() const { return propagation_ != nullptr; }
  // Tells of this effect in place of the request; see propagation.h. May be called several times,
  // in the order in which the effects happened. To be used where the request would not do the same
  // again elsewhere or later.
  void propagate_as(std::span<const std::string_view> effect) {
    if (propagation_ != nullptr) propagation_->replace(session.db, effect);
  }
  void propagate_as(std::initializer_list<std::string_view> effect) {
    propagate_as(std::span(effect.begin(), effect.size()));
  }
  // The request is not told: it counts as a change, but the data is as it was.
  void propagate_nothing() {
    if (propagation_ != nullptr) propagation_->replace_by_nothing();
  }

  // What the command's family was registered with.
  template <class Feature>
  Feature& feature() const {
    TARN_ASSERT(command.feature_type == &kTypeTag<Feature>);
    return *static_cast<Feature*>(command.feature);
  }

  void set_prefetched(const Key* key) { prefetched_ = key; }
  void set_blobs(std::span<const BlobRef> blobs) { blobs_ = blobs; }
  std::span<const BlobRef> blobs() const { return blobs_; }
  // The memory gate has found no room, and leaves the answer to CommandRow::on_no_room.
  void set_no_room() { no_room_ = true; }
  Handler handler() const { return no_room_ ? command.row->on_no_room : command.row->handler; }
  void set_propagation(Propagation* propagation) { propagation_ = propagation; }
  void set_waiters(KeyWaiters* waiters) { waiters_ = waiters; }
  // The position of the key that ended this call's waiting.
  void set_woken_by(std::size_t position) { woken_by_ = position; }

 private:
  const Key* prefetched_ = nullptr;
  std::span<const BlobRef> blobs_;  // by position; shorter than args where the rest have none
  KeyWaiters* waiters_ = nullptr;
  Propagation* propagation_ = nullptr;  // null where nobody is told of effects
  std::size_t woken_by_ = 0;            // 0 in a call that has not waited
  bool no_room_ = false;
};

}  // namespace tarn
