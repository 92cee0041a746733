// The binary protocol's commands on items.

#include "server/memcached/binary_request.h"
#include "server/memcached/call_support.h"
#include "server/memcached/families.h"

namespace tarn {
namespace {

using namespace memcached;

using KeyRule = BinaryRequest::KeyRule;

bool returns_key(Opcode opcode) {
  return opcode == Opcode::kGetK || opcode == Opcode::kGetKQ || opcode == Opcode::kGatK ||
         opcode == Opcode::kGatKQ;
}

// Exptimes have 32 bits here and no sign: none has passed by being negative.
Expiry expiry_of(Call& call, std::uint32_t exptime) { return Expiry::from_exptime(call, exptime); }

// --- Reading

void reply_missing(BinaryRequest& request) {
  if (request.quiet()) return;
  if (!returns_key(request.opcode())) return request.reply_error(BinaryStatus::kNotFound);
  request.reply(BinaryStatus::kNotFound, {}, request.key(), {}, 0);
}

void get_item(Call& call, BinaryRequest& request, const std::optional<Expiry>& touch) {
  const Key key = call.key(1);
  Entry* item = find_item(call, key);
  count_read(call, item != nullptr, touch.has_value());
  if (item == nullptr) return reply_missing(request);
  const std::uint64_t cas = call.db().cas(key);
  item = call.db().peek(key);
  request.reply_item(*item, cas, returns_key(request.opcode()), request.opcode() != Opcode::kTouch);
  mark_fetched(call, *item);
  if (touch) touch_item(call, key, *touch);
}

void get(Call& call) {
  BinaryRequest request(call);
  if (request.has_shape(0, KeyRule::kNeeded)) get_item(call, request, std::nullopt);
}

void touch(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(4, KeyRule::kNeeded)) return;
  get_item(call, request, expiry_of(call, request.extra<std::uint32_t>(0)));
}

// --- Changing

// The status for an outcome that is no success.
BinaryStatus status_of(ItemOutcome outcome) {
  switch (outcome) {
    case ItemOutcome::kNotFound: return BinaryStatus::kNotFound;
    case ItemOutcome::kNotStored: return BinaryStatus::kNotStored;
    case ItemOutcome::kExists: return BinaryStatus::kExists;
    case ItemOutcome::kNotNumber: return BinaryStatus::kNotNumber;
    case ItemOutcome::kNoItem:
    case ItemOutcome::kDone: break;
  }
  return BinaryStatus::kServerError;
}

void reply_failure(Call& call, BinaryRequest& request, ItemOutcome outcome) {
  if (outcome == ItemOutcome::kNoItem) {
    return call.reply.error("the key holds another type than a string");
  }
  request.reply_error(status_of(outcome));
}

// The CAS of what was stored; of an item that has expired at once, one that no item will have.
std::uint64_t cas_of(Call& call, const Key& key) {
  return call.db().contains(key) ? call.db().cas(key) : call.databases.context().cas_source.next();
}

void reply_stored(Call& call, BinaryRequest& request, const Key& key) {
  if (!request.quiet()) request.reply_ok(cas_of(call, key));
}

void store(Call& call, StoreMode mode) {
  BinaryRequest request(call);
  if (!request.has_shape(8, KeyRule::kNeeded)) return;
  StoreRequest wanted{.mode = mode,
                      .client_flags = request.extra<std::uint32_t>(0),
                      .expiry = expiry_of(call, request.extra<std::uint32_t>(4)),
                      .compare_cas = request.compare_cas(),
                      .with_cas = !request.quiet(),
                      .max_bytes = options(call).memcached_max_item_size};
  // With a CAS it is that which decides.
  if (wanted.compare_cas) wanted.mode = StoreMode::kSet;
  const Key key = call.key(1);
  const ItemOutcome outcome = store_item(call, key, 3, wanted);
  count_store(call, outcome, wanted.compare_cas.has_value());
  if (outcome == ItemOutcome::kDone) return reply_stored(call, request, key);
  if (outcome != ItemOutcome::kNotStored) return reply_failure(call, request, outcome);
  request.reply_error(mode == StoreMode::kAdd ? BinaryStatus::kExists : BinaryStatus::kNotFound);
}

void set(Call& call) { store(call, StoreMode::kSet); }
void add(Call& call) { store(call, StoreMode::kAdd); }
void replace(Call& call) { store(call, StoreMode::kReplace); }

void extend(Call& call, StoreMode mode) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kNeeded)) return;
  const Key key = call.key(1);
  const ItemOutcome outcome = store_item(call, key, 3,
                                         {.mode = mode,
                                          .compare_cas = request.compare_cas(),
                                          .max_bytes = options(call).memcached_max_item_size});
  count_store(call, outcome, request.compare_cas().has_value());
  if (outcome == ItemOutcome::kDone) return reply_stored(call, request, key);
  reply_failure(call, request, outcome);
}

void append(Call& call) { extend(call, StoreMode::kAppend); }
void prepend(Call& call) { extend(call, StoreMode::kPrepend); }

// The data was too large to be taken. What it was to replace is old, and goes.
void oversized(Call& call) {
  BinaryRequest request(call);
  if (request.opcode() == Opcode::kSet || request.opcode() == Opcode::kSetQ) {
    delete_item(call, call.key(1));
  }
  ++stats_of(call).store_too_large;
  request.reply_error(BinaryStatus::kTooLarge);
}

// What is old must not outlive what was to replace it.
void set_without_room(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(8, KeyRule::kNeeded)) return;
  delete_item(call, call.key(1));
  call.reply_no_room();
}

void change_number(Call& call, bool decrement) {
  constexpr std::uint32_t kNoInitial = 0xffff'ffff;
  BinaryRequest request(call);
  if (!request.has_shape(20, KeyRule::kNeeded)) return;
  ArithmeticRequest wanted{.decrement = decrement,
                           .delta = request.extra<std::uint64_t>(0),
                           .compare_cas = request.compare_cas()};
  if (const auto exptime = request.extra<std::uint32_t>(16); exptime != kNoInitial) {
    wanted.vivify = expiry_of(call, exptime);
    wanted.initial = request.extra<std::uint64_t>(8);
  }
  const Key key = call.key(1);
  ArithmeticResult result;
  const ItemOutcome outcome = add_to_item(call, key, wanted, result);
  count_arithmetic(call, outcome, result.made, decrement);
  if (outcome != ItemOutcome::kDone) return reply_failure(call, request, outcome);
  if (request.quiet()) return;
  char value[sizeof result.number];
  write_big_endian(value, result.number);
  request.reply(BinaryStatus::kOk, {}, {}, {value, sizeof value}, cas_of(call, key));
}

void increment(Call& call) { change_number(call, false); }
void decrement(Call& call) { change_number(call, true); }

// A number that is there takes no more memory than before.
template <Handler kChange>
void change_without_room(Call& call) {
  if (call.db().contains(call.key(1))) return kChange(call);
  call.reply_no_room();
}

void remove(Call& call) {
  BinaryRequest request(call);
  if (!request.has_shape(0, KeyRule::kNeeded)) return;
  const ItemOutcome outcome = delete_item(call, call.key(1), request.compare_cas());
  count_change(outcome, stats_of(call).delete_hits, stats_of(call).delete_misses);
  if (outcome != ItemOutcome::kDone) return reply_failure(call, request, outcome);
  if (!request.quiet()) request.reply_ok();
}

constexpr std::uint32_t kStoreFlags = kWrite | kDenyOom | kFast;

constexpr std::string_view kNoRoomToStore = "Out of memory allocating item";
constexpr std::string_view kNoRoomToCount = "Out of memory incrementing value";

constexpr CommandRow row(std::string_view name, Handler handler, std::uint32_t flags, int key_flags,
                         std::string_view out_of_memory = {}, Handler on_no_room = nullptr) {
  return {.name = name,
          .handler = handler,
          .arity = 4,
          .flags = flags,
          .categories = kStringCategory,
          .out_of_memory = out_of_memory,
          .on_no_room = on_no_room,
          .keys = {key_at(1, key_flags)}};
}

constexpr CommandRow kRows[] = {
    row("binary get", get, kReadonly | kFast, kRO | kAccess),
    row("binary touch", touch, kWrite | kFast, kRW | kAccess | kUpdate),
    row("binary set", set, kStoreFlags, kRW | kUpdate, kNoRoomToStore, set_without_room),
    row("binary add", add, kStoreFlags, kRW | kInsert, kNoRoomToStore),
    row("binary replace", replace, kStoreFlags, kRW | kUpdate, kNoRoomToStore),
    row("binary append", append, kStoreFlags, kRW | kInsert, kNoRoomToStore),
    row("binary prepend", prepend, kStoreFlags, kRW | kInsert, kNoRoomToStore),
    row("binary oversized", oversized, kWrite | kFast, kRM | kDelete),
    row("binary increment", increment, kStoreFlags, kRW | kAccess | kUpdate, kNoRoomToCount,
        change_without_room<increment>),
    row("binary decrement", decrement, kStoreFlags, kRW | kAccess | kUpdate, kNoRoomToCount,
        change_without_room<decrement>),
    row("binary delete", remove, kWrite | kFast, kRM | kDelete),
};

}  // namespace

std::span<const CommandRow> memcached_binary_item_commands() { return kRows; }

}  // namespace tarn
