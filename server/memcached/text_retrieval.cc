// get, gets, gat, gats and touch of the text protocol.

#include <algorithm>
#include <vector>

#include "server/engine/request_batch.h"
#include "server/memcached/families.h"
#include "server/memcached/item_writer.h"
#include "server/memcached/text_support.h"
#include "server/protocol/memcached_numbers.h"

namespace tarn {
namespace {

using namespace memcached;

// As many keys are prefetched together: enough for their misses to overlap.
constexpr std::size_t kKeysAtOnce = 64;

struct Retrieval {
  bool with_cas = false;
  std::optional<Expiry> touch;
};

void write_item(Call& call, const Key& key, const Retrieval& retrieval) {
  Entry* item = find_item(call, key);
  count_read(call, item != nullptr, retrieval.touch.has_value());
  if (item == nullptr) return;
  if (retrieval.with_cas) {
    const std::uint64_t cas = call.db().cas(key);
    item = call.db().peek(key);
    write_value(call.reply.out(), key.bytes, *item, &cas);
  } else {
    write_value(call.reply.out(), key.bytes, *item, nullptr);
  }
  mark_fetched(call, *item);
  if (retrieval.touch) touch_item(call, key, *retrieval.touch);
}

void retrieve(Call& call, std::size_t first, const Retrieval& retrieval) {
  for (std::size_t i = first; i < call.args.size(); ++i) {
    if (!key_fits(call, i)) return call.reply.error_line(lines::kBadFormat);
  }
  if (call.args.size() == first + 1) {
    write_item(call, call.key(first), retrieval);
  } else {
    std::vector<Key> keys;
    keys.reserve(kKeysAtOnce);
    for (auto rest = call.args.subspan(first); !rest.empty();) {
      const auto names = rest.first(std::min(rest.size(), kKeysAtOnce));
      rest = rest.subspan(names.size());
      keys.clear();
      Keyspace& db = call.db();
      for (const std::string_view name : names) db.prefetch_directory(keys.emplace_back(name));
      prefetch_places(db, keys);
      for (const Key& key : keys) write_item(call, key, retrieval);
    }
  }
  call.reply.out().append("END\r\n");
}

void get(Call& call) { retrieve(call, 1, {}); }
void gets(Call& call) { retrieve(call, 1, {.with_cas = true, .touch = {}}); }

void get_and_touch(Call& call, bool with_cas) {
  std::int64_t exptime = 0;
  if (!parse_memcached_signed(call.args[1], exptime)) {
    return call.reply.error_line(lines::kBadExptime);
  }
  retrieve(call, 2, {.with_cas = with_cas, .touch = Expiry::from_exptime(call, exptime)});
}

void gat(Call& call) { get_and_touch(call, false); }
void gats(Call& call) { get_and_touch(call, true); }

void touch(Call& call) {
  if (too_many_words(call, 4)) return;
  if (!key_fits(call, 1)) return call.reply.error_line(lines::kBadFormat);
  std::int64_t exptime = 0;
  if (!parse_memcached_signed(call.args[2], exptime)) {
    return call.reply.error_line(lines::kBadExptime);
  }
  const ItemOutcome outcome = touch_item(call, call.key(1), Expiry::from_exptime(call, exptime));
  count_change(outcome, stats_of(call).touch_hits, stats_of(call).touch_misses);
  if (reply_failure(call, outcome)) return;
  if (Entry* item = call.db().peek(call.key(1))) mark_fetched(call, *item);
  reply_line(call, outcome == ItemOutcome::kDone ? "TOUCHED" : "NOT_FOUND");
}

constexpr CommandRow kRows[] = {
    {.name = "get",
     .handler = get,
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kStringCategory,
     .keys = {keys_from(1, -1, 1, kRO | kAccess)}},
    {.name = "gets",
     .handler = gets,
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kStringCategory,
     .keys = {keys_from(1, -1, 1, kRO | kAccess)}},
    {.name = "gat",
     .handler = gat,
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kStringCategory,
     .keys = {keys_from(2, -1, 1, kRW | kAccess | kUpdate)}},
    {.name = "gats",
     .handler = gats,
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kStringCategory,
     .keys = {keys_from(2, -1, 1, kRW | kAccess | kUpdate)}},
    {.name = "touch",
     .handler = touch,
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kStringCategory,
     .keys = {key_at(1, kRW | kUpdate)}},
};

}  // namespace

std::span<const CommandRow> memcached_retrieval_commands() { return kRows; }

}  // namespace tarn
