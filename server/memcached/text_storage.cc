// set, add, replace, append, prepend and cas of the text protocol. Their words are checked by
// MemcachedTextParser; the data is the last argument.

#include "server/memcached/families.h"
#include "server/memcached/meta_request.h"
#include "server/memcached/text_support.h"
#include "server/protocol/memcached_numbers.h"

namespace tarn {
namespace {

using namespace memcached;

void store(Call& call, StoreRequest request) {
  std::int64_t exptime = 0;
  if (!parse_memcached_flags(call.args[2], request.client_flags) ||
      !parse_memcached_signed(call.args[3], exptime)) {
    return call.reply.error_line(lines::kBadFormat);
  }
  request.expiry = Expiry::from_exptime(call, exptime);
  request.max_bytes = options(call).memcached_max_item_size;
  const Key key = call.key(1);
  const ItemOutcome outcome = store_item(call, key, call.args.size() - 1, request);
  count_store(call, outcome, request.compare_cas.has_value());
  switch (outcome) {
    case ItemOutcome::kDone: return call.reply.out().append("STORED\r\n");
    case ItemOutcome::kNotStored: return call.reply.out().append("NOT_STORED\r\n");
    case ItemOutcome::kNotFound: return call.reply.out().append("NOT_FOUND\r\n");
    case ItemOutcome::kExists: return call.reply.out().append("EXISTS\r\n");
    default: reply_failure(call, outcome);
  }
}

void set(Call& call) { store(call, {.mode = StoreMode::kSet}); }
void add(Call& call) { store(call, {.mode = StoreMode::kAdd}); }
void replace(Call& call) { store(call, {.mode = StoreMode::kReplace}); }
void append(Call& call) { store(call, {.mode = StoreMode::kAppend}); }
void prepend(Call& call) { store(call, {.mode = StoreMode::kPrepend}); }

// What is old must not outlive what was to replace it.
void set_without_room(Call& call) {
  delete_item(call, call.key(1));
  call.reply_no_room();
}

void cas(Call& call) {
  std::uint64_t unique = 0;
  if (!parse_memcached_unsigned(call.args[5], unique)) {
    return call.reply.error_line(lines::kBadFormat);
  }
  store(call, {.mode = StoreMode::kSet, .compare_cas = unique});
}

// The data was too large to be taken. What it was to replace is old, and goes.
void oversized(Call& call) {
  ++stats_of(call).store_too_large;
  const std::string_view verb = call.args[0];
  if (verb == "set") delete_item(call, call.key(1));
  if (verb == "ms") {
    const MetaRequest request(call, 3, call.args.size());
    if (!request.error().empty()) return call.reply.error_line(request.error());
    delete_item(call, request.key());
  }
  call.reply.error_line(lines::kTooLarge);
}

constexpr std::uint32_t kStoreFlags = kWrite | kDenyOom | kFast;

constexpr CommandRow kRows[] = {
    {.name = "set",
     .handler = set,
     .arity = -6,
     .flags = kStoreFlags,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .on_no_room = set_without_room,
     .keys = {key_at(1, kOW | kUpdate)}},
    {.name = "add",
     .handler = add,
     .arity = -6,
     .flags = kStoreFlags,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .keys = {key_at(1, kOW | kInsert)}},
    {.name = "replace",
     .handler = replace,
     .arity = -6,
     .flags = kStoreFlags,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .keys = {key_at(1, kOW | kUpdate)}},
    {.name = "append",
     .handler = append,
     .arity = -6,
     .flags = kStoreFlags,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .keys = {key_at(1, kRW | kInsert)}},
    {.name = "prepend",
     .handler = prepend,
     .arity = -6,
     .flags = kStoreFlags,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .keys = {key_at(1, kRW | kInsert)}},
    {.name = "cas",
     .handler = cas,
     .arity = -7,
     .flags = kStoreFlags,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .keys = {key_at(1, kRW | kUpdate)}},
    {.name = kOversizedCommand,
     .handler = oversized,
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kStringCategory},
};

}  // namespace

std::span<const CommandRow> memcached_storage_commands() { return kRows; }

}  // namespace tarn
