#include "server/engine/propagation.h"

#include <algorithm>
#include <utility>

#include "server/engine/call.h"
#include "server/engine/dispatcher.h"
#include "server/engine/key_events.h"

namespace tarn {
namespace {

// A command with more arguments than that is told in pieces.
constexpr std::size_t kMaxFieldsAtOnce = 1024;

// Counts changes of data that commands made.
std::uint64_t changes_by_commands(const KeyspaceStats& stats) {
  return stats.changes - stats.expired_fields;
}

}  // namespace

Propagation::~Propagation() {
  set_sink(nullptr);
  take_writers();
}

void Propagation::set_sink(EffectSink* sink) {
  finish();
  replaced_ = false;
  sink_ = sink;
  seen_changes_ = changes_by_commands(dispatcher_.databases().stats());
  events_.listen(*this, sink != nullptr ? KeyEvents::kExpired | KeyEvents::kFieldExpired : 0);
  dispatcher_.set_propagation(sink != nullptr ? this : nullptr);
}

std::vector<Session*> Propagation::take_writers() {
  for (Session* session : writers_) session->effects.clear();
  return std::exchange(writers_, {});
}

bool Propagation::data_changed() {
  const std::uint64_t changes = changes_by_commands(dispatcher_.databases().stats());
  return std::exchange(seen_changes_, changes) != changes;
}

void Propagation::command_done(Call& call, bool outermost) {
  const bool replaced = std::exchange(replaced_, false);
  const bool changed = data_changed();
  if (changed || replaced) {
    if (!replaced && (call.command.flags & (kWrite | kMayReplicate)) != 0) {
      if (outermost && state_ == State::kNothing) {
        sink_->on_effect(call.session.db, call.args);
      } else {
        hold(call.session.db, call.args);
      }
    }
    call.session.effects.note(call.session, writers_);
  }
  if (outermost) finish();
}

void Propagation::replace(unsigned db, std::span<const std::string_view> args) {
  replaced_ = true;
  hold(db, args);
}

// Expiry goes on between commands too.
void Propagation::tell(unsigned db, std::span<const std::string_view> args) {
  if (dispatcher_.running() == nullptr) {
    sink_->on_effect(db, args);
  } else {
    hold(db, args);
  }
}

void Propagation::hold(unsigned db, std::span<const std::string_view> args) {
  if (state_ == State::kNothing) {
    held_db_ = db;
    held_.assign(args.begin(), args.end());
    state_ = State::kHolding;
    return;
  }
  if (state_ == State::kHolding) {
    sink_->begin_unit();
    tell_held();
    state_ = State::kInUnit;
  }
  sink_->on_effect(db, args);
}

void Propagation::tell_held() {
  const std::vector<std::string_view> args(held_.begin(), held_.end());
  sink_->on_effect(held_db_, args);
  held_.clear();
}

void Propagation::finish() {
  if (state_ == State::kHolding) tell_held();
  if (state_ == State::kInUnit) sink_->end_unit();
  state_ = State::kNothing;
}

void Propagation::key_expired(Keyspace& keyspace, std::string_view key) {
  const std::string_view args[] = {"DEL", key};
  tell(keyspace.index(), args);
}

void Propagation::field_expired(Keyspace& keyspace, std::string_view key, std::string_view field) {
  expired_fields_.emplace_back(field);
  if (expired_fields_.size() == kMaxFieldsAtOnce) fields_expired(keyspace, key, false);
}

void Propagation::fields_expired(Keyspace& keyspace, std::string_view key, bool gone) {
  if (gone) {
    expired_fields_.clear();
    return key_expired(keyspace, key);
  }
  if (expired_fields_.empty()) return;
  std::vector<std::string_view> args = {"HDEL", key};
  args.insert(args.end(), expired_fields_.begin(), expired_fields_.end());
  tell(keyspace.index(), args);
  expired_fields_.clear();
}

}  // namespace tarn
