// Elements in the middle of lists: replacing, inserting, removing, and finding them.

#include <algorithm>
#include <limits>
#include <optional>

#include "core/types/rank_range.h"
#include "server/commands/families.h"
#include "server/commands/list_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();

// How many that is, without its sign.
std::size_t magnitude(std::int64_t number) {
  return number < 0 ? std::size_t{0} - static_cast<std::size_t>(number)
                    : static_cast<std::size_t>(number);
}

// 0 stands for all.
std::size_t or_all(std::size_t count) {
  return count == 0 ? std::numeric_limits<std::size_t>::max() : count;
}

// The index is read once it is known to be that of a list.
void lset(Call& call) {
  if (too_long(call, call.args.subspan(3))) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  if (edit.vacant()) return call.reply.error(errors::kNoSuchKey);
  ArgReader args(call, 2);
  const std::int64_t index = args.integer();
  if (args.failed()) return;

  List list(edit, list_limits(call));
  const std::optional<std::size_t> at = list_index(index, list.size());
  if (!at) return call.reply.error(errors::kIndexOutOfRange);
  list.replace(*at, PackedProbe(call.args[3]));
  call.reply.ok();
  commit(call, edit, 1, "lset", key);
}

// Before or after the first element that equals the pivot.
void linsert(Call& call) {
  ArgReader args(call, 2);
  const bool after = args.accept("after");
  if (!after && !args.accept("before")) args.fail_syntax();
  if (args.failed() || too_long(call, call.args.subspan(4))) return;

  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  if (edit.vacant()) return call.reply.integer(0);
  List list(edit, list_limits(call));
  std::optional<std::size_t> pivot;
  list.view().for_matches(PackedProbe(call.args[3]), ListEnd::kFront, list.size(),
                          [&pivot](std::size_t index) {
                            pivot = index;
                            return false;
                          });
  if (!pivot) return call.reply.integer(-1);
  list.insert(*pivot + (after ? 1 : 0), PackedProbe(call.args[4]));
  call.reply.integer(static_cast<std::int64_t>(list.size()));
  commit(call, edit, 1, "linsert", key);
}

// A negative count is for those that come first from the back.
void lrem(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t count = args.integer();
  if (args.failed()) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  const ListEnd from = count < 0 ? ListEnd::kBack : ListEnd::kFront;
  const std::size_t removed =
      List(edit, list_limits(call))
          .remove(PackedProbe(call.args[3]), or_all(magnitude(count)), from);
  call.reply.integer(static_cast<std::int64_t>(removed));
  commit(call, edit, removed, "lrem", key);
}

// Counts as a change even where nothing is cut off.
void ltrim(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t start = args.integer();
  const std::int64_t stop = args.integer();
  if (args.failed()) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  call.reply.ok();
  if (edit.vacant()) return;
  List list(edit, list_limits(call));
  const std::size_t size = list.size();
  const RankRange kept = RankRange::between(start, stop, size);
  list.trim(kept.first, kept.count);
  commit(call, edit, std::max<std::size_t>(size - kept.count, 1), "ltrim", key);
}

struct PositionOptions {
  std::int64_t rank = 1;
  std::optional<std::int64_t> count;  // 0: all
  std::int64_t max_steps = 0;         // 0: no limit

  void read(ArgReader& args);
};

void PositionOptions::read(ArgReader& args) {
  while (args.ok() && !args.at_end()) {
    if (args.accept("rank", 1)) {
      rank = args.integer();
      if (rank == 0) {
        args.fail(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second "
            "... or use negative to start from the end of the list");
      } else if (rank < -kMaxInt64) {
        args.fail(
            "ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
      }
    } else if (args.accept("count", 1)) {
      count = args.integer_in(0, kMaxInt64, "ERR COUNT can't be negative");
    } else if (args.accept("maxlen", 1)) {
      max_steps = args.integer_in(0, kMaxInt64, "ERR MAXLEN can't be negative");
    } else {
      args.fail_syntax();
    }
  }
}

// The rank says from which end, and which of the matches is the first to be returned.
void lpos(Call& call) {
  ArgReader args(call, 3);
  PositionOptions options;
  options.read(args);
  if (args.failed()) return;
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kList)) return;

  const auto place = options.count ? call.reply.open_array() : OutputBuffer::Placeholder();
  const std::size_t wanted = or_all(static_cast<std::size_t>(options.count.value_or(1)));
  std::size_t to_skip = magnitude(options.rank) - 1;
  std::size_t found = 0;
  list_of(entry).for_matches(
      PackedProbe(call.args[2]), options.rank < 0 ? ListEnd::kBack : ListEnd::kFront,
      or_all(static_cast<std::size_t>(options.max_steps)), [&](std::size_t index) {
        if (to_skip > 0) {
          --to_skip;
          return true;
        }
        call.reply.integer(static_cast<std::int64_t>(index));
        return ++found < wanted;
      });
  if (options.count) return call.reply.close_array(place, found);
  if (found == 0) call.reply.null();
}

constexpr CommandRow kRows[] = {
    {
        .name = "lset",
        .handler = lset,
        .arity = 4,
        .flags = kWrite | kDenyOom,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(S) for S chunks of a large list between the element and the nearer end, "
                      "which are skipped 64 at a time; O(1) at the ends",
        .summary = "Replaces the element at an index of a list",
        .syntax = "key index element",
    },
    {
        .name = "linsert",
        .handler = linsert,
        .arity = 5,
        .flags = kWrite | kDenyOom,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "list",
        .since = "2.2.0",
        .complexity = "O(N) for N elements up to the one that equals the pivot",
        .summary = "Inserts an element before or after another one of a list",
        .syntax = "key where=(BEFORE|AFTER) pivot element",
    },
    {
        .name = "lrem",
        .handler = lrem,
        .arity = 4,
        .flags = kWrite,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(N) for N elements in the list",
        .summary = "Removes the elements of a list that equal a value",
        .syntax = "key count element",
    },
    {
        .name = "ltrim",
        .handler = ltrim,
        .arity = 4,
        .flags = kWrite,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(N) for N chunks dropped; a chunk holds some hundred short elements",
        .summary = "Keeps the elements between two indexes of a list and removes the others",
        .syntax = "key start stop",
    },
    {
        .name = "lpos",
        .handler = lpos,
        .arity = -3,
        .flags = kReadonly,
        .categories = kListCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "list",
        .since = "6.0.6",
        .complexity = "O(N) for N elements looked at, which MAXLEN limits",
        .summary = "Finds the indexes of the elements of a list that equal a value",
        .syntax = "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
    },
};

}  // namespace

std::span<const CommandRow> list_edit_commands() { return kRows; }

}  // namespace tarn
