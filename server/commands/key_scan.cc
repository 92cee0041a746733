#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "server/commands/families.h"
#include "server/commands/scan_options.h"
#include "server/commands/type_names.h"
#include "server/engine/args.h"

// Going through the names of a database.

namespace tarn {
namespace {

void keys(Call& call) {
  const std::string_view pattern = call.args[1];
  if (is_literal_pattern(pattern)) {
    const bool found = call.db().contains(Key(pattern));
    call.reply.array(found ? 1 : 0);
    if (found) call.reply.bulk(pattern);
    return;
  }
  const auto place = call.reply.open_array();
  std::size_t count = 0;
  call.db().for_each([&](const Entry& entry) {
    if (!scan_pattern_matches(pattern, entry.key())) return;
    call.reply.bulk(entry.key());
    ++count;
  });
  call.reply.close_array(place, count);
}

void randomkey(Call& call) {
  const Entry* entry = call.db().random();
  entry == nullptr ? call.reply.null() : call.reply.bulk(entry->key());
}

struct KeyScanOptions {
  ScanOptions common;
  std::string_view type;
  bool any_type = true;

  void read(ArgReader& args) {
    while (args.ok() && !args.at_end()) {
      if (common.accept(args)) continue;
      if (args.accept("type", 1)) {
        type = args.next();
        any_type = false;
      } else {
        args.fail_syntax();
      }
    }
  }

  bool select(const Entry& entry) const {
    return common.selects(entry.key()) &&
           (any_type || equals_ignoring_case(type, type_name(entry.type())));
  }
};

void scan(Call& call) {
  std::optional<std::uint64_t> cursor = parse_cursor(call.args[1]);
  if (!cursor) return call.reply.error(kInvalidCursor);
  ArgReader args(call, 2);
  KeyScanOptions options;
  options.read(args);
  if (args.failed()) return;

  std::vector<std::string_view> names;
  ScanBudget budget(options.common);
  do {
    cursor = call.db().scan(*cursor, [&](const Entry& entry) {
      budget.saw_one();
      if (options.select(entry)) names.push_back(entry.key());
    });
  } while (*cursor != 0 && budget.go_on());

  char digits[kMaxInt64Chars];
  call.reply.array(2);
  call.reply.bulk({digits, format_uint64(digits, *cursor)});
  call.reply.array(names.size());
  for (const std::string_view name : names) call.reply.bulk(name);
}

constexpr CommandRow kRows[] = {
    {
        .name = "keys",
        .handler = keys,
        .arity = 2,
        .flags = kReadonly,
        .categories = kKeyspaceCategory | kDangerousCategory,
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(N) for N keys in the database; O(1) for a pattern without wildcards",
        .summary = "Lists the keys whose names match a pattern",
        .syntax = "pattern",
        .tips = "request_policy:all_shards nondeterministic_output_order",
    },
    {
        .name = "scan",
        .handler = scan,
        .arity = -2,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .group = "generic",
        .since = "2.8.0",
        .complexity = "O(1) a call, O(N) for going through N keys",
        .summary = "Lists the keys in slices",
        .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]@6.0.0",
        .tips = "nondeterministic_output request_policy:special",
        .history = "6.0.0: Added the `TYPE` subcommand.",
    },
    {
        .name = "randomkey",
        .handler = randomkey,
        .arity = 1,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Returns the name of a key chosen at random",
        .tips = "request_policy:all_shards nondeterministic_output",
    },
};

}  // namespace

std::span<const CommandRow> key_scan_commands() { return kRows; }

}  // namespace tarn
