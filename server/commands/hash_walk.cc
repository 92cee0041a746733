// Fields of hashes by chance, and in slices.

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/numbers.h"
#include "server/commands/element_pool.h"
#include "server/commands/families.h"
#include "server/commands/hash_access.h"
#include "server/commands/random_draw.h"
#include "server/commands/scan_options.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

void random_one(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  if (hash->size() == 0) return call.reply.null();
  hash->draw(1, dice(),
             [&call](std::string_view field, std::string_view) { call.reply.bulk(field); });
}

// How chosen fields appear: with values, RESP3 has pairs, RESP2 a flat array.
class ChosenFields {
 public:
  ChosenFields(const Call& call, bool with_values)
      : with_values_(with_values), pairs_(with_values && call.reply.resp3()) {}

  std::size_t array_size(std::size_t fields) const {
    return with_values_ && !pairs_ ? 2 * fields : fields;
  }
  void write(Reply& reply, std::string_view field, std::string_view value) const {
    if (pairs_) reply.array(2);
    reply.bulk(field);
    if (with_values_) reply.bulk(value);
  }

 private:
  const bool with_values_;
  const bool pairs_;
};

// Fields that may appear several times.
void draw_fields(Call& call, const HashView& hash, std::size_t count, const ChosenFields& shape) {
  if (count <= hash.size()) {
    return hash.draw(count, dice(), [&](std::string_view field, std::string_view value) {
      shape.write(call.reply, field, value);
    });
  }
  ElementPool pool(call);
  hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
    shape.write(pool.reply(), field, value);
    pool.end_element();
  });
  std::move(pool).draw(count, dice());
}

void hrandfield(Call& call) {
  if (call.args.size() == 2) return random_one(call);
  ArgReader args(call, 2);
  const auto [count, with_values] = read_draw_options(args, "withvalues");
  if (args.failed()) return;

  const auto hash = find_hash(call);
  if (!hash) return;
  if (hash->size() == 0 || count == 0) return call.reply.array(0);
  const ChosenFields shape(call, with_values);
  const std::size_t fields = count < 0 ? static_cast<std::size_t>(-count)
                                       : std::min(static_cast<std::size_t>(count), hash->size());
  call.reply.array(shape.array_size(fields));
  if (count < 0) return draw_fields(call, *hash, fields, shape);
  hash->sample(fields, dice(), [&](std::string_view field, std::string_view value) {
    shape.write(call.reply, field, value);
  });
}

struct HashScanOptions {
  ScanOptions common;
  bool values = true;

  void read(ArgReader& args) {
    while (args.ok() && !args.at_end()) {
      if (args.accept("novalues")) {
        values = false;
      } else if (!common.accept(args)) {
        args.fail_syntax();
      }
    }
  }
  void write(Reply& reply, std::string_view field, std::string_view value) const {
    reply.bulk(field);
    if (values) reply.bulk(value);
  }
};

// All of it at once.
void scan_packed(Call& call, const HashView& hash, const HashScanOptions& options) {
  call.reply.array(2);
  call.reply.bulk("0");
  const auto place = call.reply.open_array();
  std::size_t fields = 0;
  hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
    if (!options.common.selects(field)) return;
    options.write(call.reply, field, value);
    ++fields;
  });
  call.reply.close_array(place, options.values ? 2 * fields : fields);
}

void scan_large(Call& call, const HashView& hash, std::uint64_t cursor,
                const HashScanOptions& options) {
  std::vector<std::pair<std::string_view, std::string_view>> found;
  ScanBudget budget(options.common);
  do {
    cursor = hash.scan(cursor, [&](std::string_view field, std::string_view value) {
      budget.saw_one();
      if (options.common.selects(field)) found.emplace_back(field, value);
    });
  } while (cursor != 0 && budget.go_on());

  char digits[kMaxInt64Chars];
  call.reply.array(2);
  call.reply.bulk({digits, format_uint64(digits, cursor)});
  call.reply.array(options.values ? 2 * found.size() : found.size());
  for (const auto& [field, value] : found) options.write(call.reply, field, value);
}

// The options are read only if there is something to scan.
void hscan(Call& call) {
  const std::optional<std::uint64_t> cursor = parse_cursor(call.args[2]);
  if (!cursor) return call.reply.error(kInvalidCursor);
  const auto hash = find_hash(call);
  if (!hash) return;
  HashScanOptions options;
  ArgReader args(call, 3);
  if (hash->size() > 0) options.read(args);
  if (args.failed()) return;
  hash->is_large() ? scan_large(call, *hash, *cursor, options) : scan_packed(call, *hash, options);
}

constexpr CommandRow kRows[] = {
    {
        .name = "hrandfield",
        .handler = hrandfield,
        .arity = -2,
        .flags = kReadonly,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "6.2.0",
        .complexity = "O(N) for N fields that are returned",
        .summary = "Returns fields of a hash chosen at random",
        .syntax = "key options=[count [WITHVALUES]]",
        .tips = "nondeterministic_output",
    },
    {
        .name = "hscan",
        .handler = hscan,
        .arity = -3,
        .flags = kReadonly,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "2.8.0",
        .complexity = "O(1) a call, O(N) for going through N fields",
        .summary = "Lists the fields of a hash, and their values, in slices",
        .syntax = "key cursor [MATCH pattern] [COUNT count] [NOVALUES]@7.4.0",
        .tips = "nondeterministic_output",
        .history = "7.4.0: Added the `NOVALUES` flag.",
    },
};

}  // namespace

std::span<const CommandRow> hash_walk_commands() { return kRows; }

}  // namespace tarn
