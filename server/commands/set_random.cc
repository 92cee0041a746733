// Members of sets by chance.

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/element_pool.h"
#include "server/commands/families.h"
#include "server/commands/random_draw.h"
#include "server/commands/set_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::int64_t kMaxCount = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kNegativeCount = "ERR value is out of range, must be positive";

// Tells which members chance has taken: as SREM, in pieces, or DEL where none is left.
class PopFeed {
 public:
  PopFeed(Call& call, std::string_view key) : call_(call), key_(key) {}

  void popped(const SetMember& member) {
    if (!call_.propagates()) return;
    SetMember::Scratch scratch;
    members_.emplace_back(member.text(scratch));
    if (members_.size() == kMostAtOnce) tell();
  }
  void done(bool all) {
    if (all) return call_.propagate_as({"DEL", key_});
    if (!members_.empty()) tell();
  }

 private:
  static constexpr std::size_t kMostAtOnce = 1024;

  void tell() {
    std::vector<std::string_view> effect = {"SREM", key_};
    effect.insert(effect.end(), members_.begin(), members_.end());
    call_.propagate_as(effect);
    members_.clear();
  }

  Call& call_;
  std::string_view key_;
  std::vector<std::string> members_;
};

void pop_one(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSet);
  if (wrong_type(call, edit)) return;
  if (edit.vacant()) return call.reply.null();
  PopFeed feed(call, key.bytes);
  Set(edit, set_limits(call)).pop(1, dice(), [&](const SetMember& member) {
    write_member(call.reply, member);
    feed.popped(member);
  });
  feed.done(edit.vacant());
  commit(call, edit, 1, kNotifySet, "spop", key.bytes);
}

void spop(Call& call) {
  if (call.args.size() == 2) return pop_one(call);
  if (call.args.size() > 3) return call.reply.error(errors::kSyntax);
  ArgReader args(call, 2);
  const auto wanted = static_cast<std::size_t>(args.integer_in(0, kMaxCount, kNegativeCount));
  if (args.failed()) return;

  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSet);
  if (wrong_type(call, edit)) return;
  Set set(edit, set_limits(call));
  const std::size_t count = std::min(wanted, set.size());
  call.reply.set(count);
  PopFeed feed(call, key.bytes);
  const bool all = count == set.size();
  set.pop(count, dice(), [&](const SetMember& member) {
    write_member(call.reply, member);
    if (!all) feed.popped(member);
  });
  if (count > 0) feed.done(all);
  commit(call, edit, count, kNotifySet, "spop", key.bytes);
}

void random_one(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  if (entry == nullptr) return call.reply.null();
  write_member(call.reply, set_of(entry).random(dice()));
}

void srandmember(Call& call) {
  if (call.args.size() == 2) return random_one(call);
  if (call.args.size() > 3) return call.reply.error(errors::kSyntax);
  ArgReader args(call, 2);
  const std::int64_t count = read_draw_options(args).count;
  if (args.failed()) return;

  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  const SetView set = set_of(entry);
  if (set.empty()) return call.reply.array(0);
  const auto write = [&call](const SetMember& member) { write_member(call.reply, member); };
  if (count < 0) {
    const auto draws = static_cast<std::uint64_t>(-count);
    call.reply.array(draws);
    if (draws <= set.size()) return set.draw(draws, dice(), write);
    ElementPool pool(call);
    set.for_each([&pool](const SetMember& member) {
      write_member(pool.reply(), member);
      pool.end_element();
    });
    std::move(pool).draw(draws, dice());
  } else {
    const std::size_t members = std::min(static_cast<std::size_t>(count), set.size());
    call.reply.array(members);
    set.sample(members, dice(), write);
  }
}

constexpr CommandRow kRows[] = {
    {
        .name = "spop",
        .handler = spop,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(1) without a count, else O(N) for a count of N",
        .summary = "Removes members chosen at random from a set, and returns them",
        .syntax = "key [count]@3.2.0",
        .tips = "nondeterministic_output",
        .history = "3.2.0: Added the `count` argument.",
    },
    {
        .name = "srandmember",
        .handler = srandmember,
        .arity = -2,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(1) without a count, else O(N) for a count of N or -N",
        .summary = "Returns members of a set chosen at random",
        .syntax = "key [count]@2.6.0",
        .tips = "nondeterministic_output",
        .history = "2.6.0: Added the optional `count` argument.",
    },
};

}  // namespace

std::span<const CommandRow> set_random_commands() { return kRows; }

}  // namespace tarn
