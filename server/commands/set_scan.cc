// Going through the members of a set.

#include <optional>
#include <vector>

#include "core/base/numbers.h"
#include "server/commands/families.h"
#include "server/commands/scan_options.h"
#include "server/commands/set_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

void reply_cursor(Reply& reply, std::uint64_t cursor) {
  char digits[kMaxInt64Chars];
  reply.bulk({digits, format_uint64(digits, cursor)});
}

// The options are read only if there is something to scan.
void sscan(Call& call) {
  std::optional<std::uint64_t> cursor = parse_cursor(call.args[2]);
  if (!cursor) return call.reply.error(kInvalidCursor);
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  ScanOptions options;
  if (entry != nullptr) {
    ArgReader args(call, 3);
    while (args.ok() && !args.at_end()) {
      if (!options.accept(args)) args.fail_syntax();
    }
    if (args.failed()) return;
  }

  const SetView set = set_of(entry);
  std::vector<SetMember> members;
  SetMember::Scratch scratch;
  ScanBudget budget(options);
  do {
    cursor = set.scan(*cursor, [&](const SetMember& member) {
      budget.saw_one();
      if (options.selects(member.text(scratch))) members.push_back(member);
    });
  } while (*cursor != 0 && budget.go_on());

  call.reply.array(2);
  reply_cursor(call.reply, *cursor);
  call.reply.array(members.size());
  for (const SetMember& member : members) write_member(call.reply, member);
}

constexpr CommandRow kRows[] = {
    {
        .name = "sscan",
        .handler = sscan,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "set",
        .since = "2.8.0",
        .complexity = "O(1) a call, O(N) for going through N members",
        .summary = "Lists the members of a set in slices",
        .syntax = "key cursor [MATCH pattern] [COUNT count]",
        .tips = "nondeterministic_output",
    },
};

}  // namespace

std::span<const CommandRow> set_scan_commands() { return kRows; }

}  // namespace tarn
