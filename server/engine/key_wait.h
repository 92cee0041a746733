#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/keyspace/entry.h"
#include "server/engine/reply.h"

namespace tarn {

// Types of values, any number of them.
class TypeSet {
 public:
  constexpr TypeSet(Type type) : bits_(1u << static_cast<unsigned>(type)) {}
  constexpr TypeSet(std::initializer_list<Type> types) {
    for (const Type type : types) bits_ |= TypeSet(type).bits_;
  }
  static constexpr TypeSet any() {
    TypeSet all{};
    all.bits_ = ~0u;
    return all;
  }

  constexpr bool has(Type type) const { return (bits_ & TypeSet(type).bits_) != 0; }
  constexpr void add(TypeSet more) { bits_ |= more.bits_; }

 private:
  std::uint32_t bits_ = 0;
};

// What a command waits for that can be served only when a key has come to be. It is given to
// Call::block_on_keys by a handler that has tried and could not serve it:
//
//     void blpop(Call& call) {
//       const std::span keys = call.args.subspan(1, call.args.size() - 2);
//       ArgReader args(call, call.args.size() - 1);
//       const std::chrono::milliseconds timeout = next_timeout(args);
//       if (args.failed()) return;
//       for (const std::string_view key : call.awaited(keys)) {
//         Entry* entry = call.db().find_for_update(Key(key));
//         if (entry == nullptr) continue;
//         if (entry->type() != Type::kList) return call.reply.error(errors::kWrongType);
//         ...  pop, notify, reply
//         return;
//       }
//       call.block_on_keys({.keys = keys, .types = Type::kList, .timeout = timeout});
//     }
//
//  1. The handler reads its arguments, tries, and replies if it can: with what it found, or with an
//     error. If it cannot be served it calls block_on_keys as the last thing it does, and neither
//     replies nor changes anything.
//  2. The engine keeps a copy of the request. The client waits, first come, first served, at each
//     of the keys in the database it is in.
//  3. Whenever one of the keys was modified, by whatever means, and holds a value of one of the
//     types when the command (or transaction) that did it is done, the handler runs again with the
//     same arguments. call.awaited(keys) is then the one key that woke it, where it was all of them
//     at first; so another of the keys, which may hold anything by now, does not matter. It replies
//     as if it had just been asked, or calls block_on_keys again and keeps its place.
//  4. When the time is up, when_late writes the reply.
//
// Where nobody can wait (in a transaction, without a connection) block_on_keys has when_denied
// write the reply, at once. Nothing else about transactions concerns a handler.
struct KeyWait {
  // Which of the call's arguments are the keys: a part of call.args. The same key may occur twice.
  std::span<const std::string_view> keys;
  // Values of other types do not wake the client.
  TypeSet types;
  // From next_timeout() (server/commands/timeout_argument.h); 0 waits for ever.
  std::chrono::milliseconds timeout;
  // What is replied when the time is up, and where nobody can wait. For clients the first is the
  // same for all commands; the second is what the command says that does not wait.
  void (Reply::*when_late)() = &Reply::null_array;
  void (Reply::*when_denied)() = &Reply::null_array;
};

}  // namespace tarn
