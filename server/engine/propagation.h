#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/databases.h"
#include "core/keyspace/key_observer.h"

namespace tarn {

class Call;
class Dispatcher;
class KeyEvents;
struct Session;

// Who is told of the effects of commands, in the order in which they happened: the append-only
// file, a replication feed. Declared here, implemented by those features.
//
// What is told suffices to make the same dataset elsewhere: it depends on neither chance nor time
// (SPOP comes as SREM, EXPIRE as PEXPIREAT, an expired key as DEL), and a command that changed
// nothing is not told. Commands that take effect together, those of a transaction above all, stand
// between begin_unit() and end_unit().
class EffectSink {
 public:
  virtual ~EffectSink() = default;

  // Bytes are valid during the call.
  virtual void on_effect(unsigned db, std::span<const std::string_view> args) = 0;
  virtual void begin_unit() = 0;
  virtual void end_unit() = 0;
};

// Finds out what commands did, and tells the sink.
//
//  1. The dispatcher shows every command that has run, be it a client's own, one of a transaction,
//     or one whose client has waited for a key. If the keyspaces count changes since the command
//     before, the request is told as it came. Fields that expired are counted apart.
//  2. A command whose result depends on chance, on time, or on the order of a hash table says
//     instead what it did: Call::propagate_as(), once for each effect.
//  3. Keys and fields that expire are told when they go, as DEL and HDEL. A command that finds a
//     key expired is therefore told after its DEL.
//  4. The first effect of a command, or of a transaction as a whole, is held until it is known
//     whether another one follows. If so, both and the rest make a unit; else it is told alone.
//     A request that is the only effect is told from where it lies, without a copy.
//  5. Sessions whose commands had effects are noted, so that the owner can hold their replies
//     until the effects are durable.
//
// Without a sink nobody listens, and commands see a null pointer. Invariant: outside of commands
// nothing is held, and no unit is open.
class Propagation final : public KeyObserver {
 public:
  Propagation(Dispatcher& dispatcher, KeyEvents& events)
      : dispatcher_(dispatcher), events_(events) {}
  ~Propagation() override;
  Propagation(const Propagation&) = delete;
  Propagation& operator=(const Propagation&) = delete;

  // Null for nobody. While a command runs, the sink that leaves is told of what was done by then,
  // and the one that comes of what is done from then on.
  void set_sink(EffectSink* sink);

  // The sessions whose commands had effects since the last call. Sessions that died are not among
  // them.
  std::vector<Session*> take_writers();

  // --- For the dispatcher.
  // A command has run. `outermost` unless it was one of a transaction.
  void command_done(Call& call, bool outermost);

  // --- For Call.
  void replace(unsigned db, std::span<const std::string_view> args);
  void replace_by_nothing() { replaced_ = true; }

  void key_modified(Keyspace&, std::string_view) override {}
  void key_expired(Keyspace& keyspace, std::string_view key) override;
  void fields_expired(Keyspace& keyspace, std::string_view key, bool gone) override;
  void field_expired(Keyspace& keyspace, std::string_view key, std::string_view field) override;

 private:
  enum class State : std::uint8_t { kNothing, kHolding, kInUnit };

  bool data_changed();
  void tell(unsigned db, std::span<const std::string_view> args);
  void tell_held();
  void hold(unsigned db, std::span<const std::string_view> args);
  void finish();

  Dispatcher& dispatcher_;
  KeyEvents& events_;
  EffectSink* sink_ = nullptr;
  std::uint64_t seen_changes_ = 0;
  bool replaced_ = false;  // the running command said itself what it did
  State state_ = State::kNothing;
  unsigned held_db_ = 0;
  std::vector<std::string> held_;
  std::vector<std::string> expired_fields_;  // of the hash that loses fields now
  std::vector<Session*> writers_;
};

}  // namespace tarn
