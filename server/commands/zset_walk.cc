// Members of sorted sets by chance, and in slices.

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/numbers.h"
#include "server/commands/element_pool.h"
#include "server/commands/families.h"
#include "server/commands/random_draw.h"
#include "server/commands/scan_options.h"
#include "server/commands/zset_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

void random_one(Call& call) {
  const auto set = find_zset(call, 1);
  if (!set) return;
  if (set->empty()) return call.reply.null();
  write_member(call.reply, set->random(dice()).member);
}

// Elements that may appear several times.
void draw_elements(Call& call, const SortedSetView& set, std::size_t count, ElementShape shape) {
  reply_elements(call, shape, count);
  if (count <= set.size()) {
    for (; count > 0; --count) {
      const MemberScore one = set.random(dice());
      write_element(call.reply, shape, one.member, one.score);
    }
    return;
  }
  ElementPool pool(call);
  set.for_each_unordered([&](const SetMember& member, double score) {
    write_element(pool.reply(), shape, member, score);
    pool.end_element();
  });
  std::move(pool).draw(count, dice());
}

void zrandmember(Call& call) {
  if (call.args.size() == 2) return random_one(call);
  ArgReader args(call, 2);
  const auto [count, with_scores] = read_draw_options(args, "withscores");
  if (args.failed()) return;

  const auto set = find_zset(call, 1);
  if (!set) return;
  if (set->empty() || count == 0) return call.reply.array(0);
  const ElementShape shape = shape_with_scores(call, with_scores);
  if (count < 0) {
    draw_elements(call, *set, static_cast<std::size_t>(-count), shape);
  } else if (static_cast<std::size_t>(count) >= set->size()) {
    reply_key_range(call, *set, set->all(), Direction::kDownward, shape);
  } else {
    reply_elements(call, shape, static_cast<std::size_t>(count));
    set->sample(static_cast<std::size_t>(count), dice(),
                [&](const SetMember& member, double score) {
                  write_element(call.reply, shape, member, score);
                });
  }
}

// Scores are text here, whatever the protocol. In packed sets they are integers where they can be,
// also where doubles would take an exponent.
void write_score(Reply& reply, double score, bool packed) {
  constexpr double kMaxInteger = 0x1p62;
  if (packed && std::abs(score) <= kMaxInteger && score == std::trunc(score)) {
    return reply.bulk_integer(static_cast<std::int64_t>(score));
  }
  char digits[kMaxDoubleChars];
  reply.bulk({digits, format_double(digits, score)});
}

void zscan(Call& call) {
  std::optional<std::uint64_t> cursor = parse_cursor(call.args[2]);
  if (!cursor) return call.reply.error(kInvalidCursor);
  const auto set = find_zset(call, 1);
  if (!set) return;
  ArgReader args(call, 3);
  ScanOptions options;
  while (!set->empty() && args.ok() && !args.at_end()) {
    if (!options.accept(args)) args.fail_syntax();
  }
  if (args.failed()) return;

  std::vector<MemberScore> found;
  ScanBudget budget(options);
  SetMember::Scratch scratch;
  do {
    cursor = set->scan(*cursor, [&](const SetMember& member, double score) {
      budget.saw_one();
      if (options.selects(member.text(scratch))) found.push_back({member, score});
    });
  } while (*cursor != 0 && budget.go_on());

  char digits[kMaxInt64Chars];
  call.reply.array(2);
  call.reply.bulk({digits, format_uint64(digits, *cursor)});
  call.reply.array(2 * found.size());
  for (const MemberScore& element : found) {
    write_member(call.reply, element.member);
    write_score(call.reply, element.score, set->is_packed());
  }
}

constexpr CommandRow kRows[] = {
    {
        .name = "zrandmember",
        .handler = zrandmember,
        .arity = -2,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = "O(M*log(N)), N being the size of the sorted set and M the number of members "
                      "returned",
        .summary = "Returns members of a sorted set chosen at random",
        .syntax = "key options=[count [WITHSCORES]]",
        .tips = "nondeterministic_output",
    },
    {
        .name = "zscan",
        .handler = zscan,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.8.0",
        .complexity = "O(1) a call, O(N) for going through N members",
        .summary = "Lists the members of a sorted set and their scores in slices",
        .syntax = "key cursor [MATCH pattern] [COUNT count]",
        .tips = "nondeterministic_output",
    },
};

}  // namespace

std::span<const CommandRow> zset_walk_commands() { return kRows; }

}  // namespace tarn
