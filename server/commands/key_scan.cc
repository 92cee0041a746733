#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "server/commands/families.h"
#include "server/commands/type_names.h"
#include "server/engine/args.h"

// Going through the names of a database.

namespace tarn {
namespace {

// "*" matches also the key without bytes, which as a glob it does not.
bool name_matches(std::string_view pattern, std::string_view name) {
  return pattern == "*" || glob_match(pattern, name);
}

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
    if (!name_matches(pattern, entry.key())) return;
    call.reply.bulk(entry.key());
    ++count;
  });
  call.reply.close_array(place, count);
}

void randomkey(Call& call) {
  const Entry* entry = call.db().random();
  entry == nullptr ? call.reply.null() : call.reply.bulk(entry->key());
}

// A cursor as Redis reads it, by strtoul: also with a sign, which counts modulo 2^64, and an empty
// one is 0.
std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  std::uint64_t cursor = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, cursor);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return negative ? 0 - cursor : cursor;
}

struct ScanOptions {
  std::string_view pattern = "*";
  std::string_view type;
  bool any_type = true;
  std::uint64_t count = 10;

  void read(ArgReader& args) {
    while (args.ok() && !args.at_end()) {
      if (args.accept("count", 1)) {
        const std::int64_t value = args.integer();
        if (value < 1) args.fail_syntax();
        count = static_cast<std::uint64_t>(value);
      } else if (args.accept("match", 1)) {
        pattern = args.next();
      } else if (args.accept("type", 1)) {
        type = args.next();
        any_type = false;
      } else {
        args.fail_syntax();
      }
    }
  }

  bool select(const Entry& entry) const {
    return name_matches(pattern, entry.key()) &&
           (any_type || equals_ignoring_case(type, type_name(entry.type())));
  }
};

// COUNT says how many keys are looked at, not how many of them fit. In a table that is nearly empty
// a limit on the steps bounds the work.
void scan(Call& call) {
  std::optional<std::uint64_t> cursor = parse_cursor(call.args[1]);
  if (!cursor) return call.reply.error("ERR invalid cursor");
  ArgReader args(call, 2);
  ScanOptions options;
  options.read(args);
  if (args.failed()) return;

  constexpr std::uint64_t kStepsPerKey = 10;
  constexpr std::uint64_t kMaxCount = std::numeric_limits<std::uint64_t>::max() / kStepsPerKey;
  std::uint64_t steps = std::min(options.count, kMaxCount) * kStepsPerKey;
  std::uint64_t seen = 0;
  std::vector<std::string_view> names;
  do {
    cursor = call.db().scan(*cursor, [&](const Entry& entry) {
      ++seen;
      if (options.select(entry)) names.push_back(entry.key());
    });
  } while (*cursor != 0 && steps-- > 0 && seen < options.count);

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
        .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]",
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
