#include "server/memcached/items.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/numbers.h"
#include "server/commands/leases.h"
#include "server/commands/ttl_option.h"
#include "server/commands/value_access.h"
#include "server/memcached/number_text.h"

namespace tarn {
namespace {

constexpr std::int64_t kMaxRelativeSeconds = std::int64_t{60} * 60 * 24 * 30;
// No deadline lies beyond what the keyspace keeps exactly.
constexpr std::int64_t kMaxDeadlineSeconds = Entry::kMaxTicketedDeadline / 1000;

bool is_item(const Entry* entry) { return entry->type() == Type::kString; }

void erase_item(Call& call, const Key& key) {
  if (!call.db().erase(key)) return;
  call.propagate_as({"DEL", key.bytes});
  call.notify(kNotifyGeneric, "del", key.bytes);
}

void put_argument(Call& call, const Key& key, std::size_t position, const StoreRequest& request,
                  const Expiry& expiry) {
  if (expiry.has_passed()) return erase_item(call, key);
  set_argument(call, key, position, expiry.ttl(),
               {.client_flags = request.client_flags,
                .with_cas = request.with_cas || request.new_cas.has_value()});
  if (request.new_cas) call.db().set_cas(key, *request.new_cas);
  propagate_set(call, key.bytes, call.args[position], expiry.ttl(), request.client_flags);
}

ItemOutcome extend(Call& call, const Key& key, const Entry& entry, std::size_t position,
                   const StoreRequest& request) {
  const std::string_view added = call.args[position];
  const std::size_t before = StringView(entry).bytes().size();
  if (before + added.size() > request.max_bytes) return ItemOutcome::kNotStored;
  char* bytes = call.db().edit_string(key, before + added.size());
  if (request.mode == StoreMode::kAppend) {
    added.copy(bytes + before, added.size());
  } else {
    std::memmove(bytes + added.size(), bytes, before);
    added.copy(bytes, added.size());
  }
  if (request.new_cas) call.db().set_cas(key, *request.new_cas);
  if (request.mode == StoreMode::kAppend) {
    call.propagate_as({"APPEND", key.bytes, added});
  } else {
    propagate_item(call, key);
  }
  call.notify(kNotifyString, "append", key.bytes);
  return ItemOutcome::kDone;
}

ItemOutcome store_new(Call& call, const Key& key, std::size_t position,
                      const StoreRequest& request) {
  switch (request.mode) {
    case StoreMode::kAdd: break;
    case StoreMode::kSet:
      if (request.compare_cas) return ItemOutcome::kNotFound;
      break;
    case StoreMode::kReplace:
      return request.compare_cas ? ItemOutcome::kNotFound : ItemOutcome::kNotStored;
    case StoreMode::kAppend:
    case StoreMode::kPrepend:
      if (!request.vivify) return ItemOutcome::kNotStored;
      put_argument(call, key, position, request, *request.vivify);
      return ItemOutcome::kDone;
  }
  put_argument(call, key, position, request, request.expiry);
  return ItemOutcome::kDone;
}

// Follows the event of a change that may have given the item a deadline.
void notify_deadline(Call& call, const Key& key, const std::optional<Expiry>& expiry) {
  if (expiry && expiry->deadline_ms()) call.notify(kNotifyGeneric, "expire", key.bytes);
}

void store_number(Call& call, const Key& key, std::uint64_t number, std::size_t width, Ttl ttl,
                  ItemAttributes attributes) {
  char text[kMaxInt64Chars + 1];
  const std::size_t digits = format_uint64(text, number);
  if (digits >= width) {
    call.db().set_string(key, std::string_view(text, digits), ttl, attributes);
  } else {
    std::string padded(width, ' ');
    std::memcpy(padded.data(), text, digits);
    call.db().set_string(key, padded, ttl, attributes);
  }
}

}  // namespace

Expiry Expiry::from_exptime(Call& call, std::int64_t exptime) {
  Expiry expiry;
  if (exptime == 0) return expiry;
  if (exptime < 0) {
    expiry.passed_ = true;
  } else if (exptime <= kMaxRelativeSeconds) {
    expiry.deadline_ms_ = call.now_ms() + exptime * 1000;
  } else {
    expiry.deadline_ms_ = std::min(exptime, kMaxDeadlineSeconds) * 1000;
    expiry.passed_ = call.has_passed(*expiry.deadline_ms_);
  }
  return expiry;
}

Expiry Expiry::of(const Entry& item) {
  Expiry expiry;
  if (item.has_deadline()) expiry.deadline_ms_ = item.deadline_ms();
  return expiry;
}

Entry* find_item(Call& call, const Key& key) {
  Entry* entry = call.db().find(key);
  return entry != nullptr && is_item(entry) ? entry : nullptr;
}

void mark_fetched(Call& call, Entry& item) {
  const KeyspaceContext& context = call.databases.context();
  if (!item.fetched() && !context.forked && !context.freeze_access) item.mark_fetched();
}

ItemOutcome store_item(Call& call, const Key& key, std::size_t position,
                       const StoreRequest& request) {
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) return store_new(call, key, position, request);
  if (!is_item(entry)) return ItemOutcome::kNoItem;
  if (request.mode == StoreMode::kAdd) return ItemOutcome::kNotStored;
  const bool extends = request.mode == StoreMode::kAppend || request.mode == StoreMode::kPrepend;
  bool outdated = false;
  const bool was_won = entry->won();
  if (request.compare_cas) {
    const std::uint64_t cas = call.db().cas(key);
    // Only what replaces the item can be an older version of it.
    outdated = request.invalidate && !extends && *request.compare_cas < cas;
    if (*request.compare_cas != cas && !outdated) return ItemOutcome::kExists;
    entry = call.db().peek(key);
  }
  if (extends) return extend(call, key, *entry, position, request);
  put_argument(call, key, position, request, outdated ? Expiry::of(*entry) : request.expiry);
  if (outdated) {
    Entry* stored = call.db().peek(key);
    stored->mark_stale();
    if (was_won) stored->mark_won();
    propagate_item(call, key);
  }
  return ItemOutcome::kDone;
}

ItemOutcome add_to_item(Call& call, const Key& key, const ArithmeticRequest& request,
                        ArithmeticResult& result) {
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) {
    if (!request.vivify) return ItemOutcome::kNotFound;
    result = {.number = request.initial, .made = true};
    if (request.vivify->has_passed()) return ItemOutcome::kDone;
    store_number(call, key, result.number, 0, request.vivify->ttl(), {});
    if (request.new_cas) call.db().set_cas(key, *request.new_cas);
    propagate_item(call, key);
    call.notify(kNotifyString, "set", key.bytes);
    notify_deadline(call, key, request.vivify);
    return ItemOutcome::kDone;
  }
  if (!is_item(entry)) return ItemOutcome::kNoItem;
  if (request.compare_cas) {
    if (*request.compare_cas != call.db().cas(key)) return ItemOutcome::kExists;
    entry = call.db().peek(key);
  }
  const StringView text(*entry);
  std::uint64_t number = 0;
  if (!read_number_text(text, number)) return ItemOutcome::kNotNumber;
  if (request.decrement) {
    result.number = number > request.delta ? number - request.delta : 0;
  } else {
    result.number = number + request.delta;
  }
  const std::size_t width = text.bytes().size();
  const bool touches = request.touch.has_value();
  if (touches && request.touch->has_passed()) {
    erase_item(call, key);
    return ItemOutcome::kDone;
  }
  store_number(call, key, result.number, width, touches ? request.touch->ttl() : Ttl::keep(),
               {.client_flags = entry->client_flags(), .with_cas = entry->has_cas()});
  if (request.new_cas) call.db().set_cas(key, *request.new_cas);
  propagate_item(call, key);
  call.notify(kNotifyString, "incrby", key.bytes);
  notify_deadline(call, key, request.touch);
  return ItemOutcome::kDone;
}

ItemOutcome touch_item(Call& call, const Key& key, const Expiry& expiry) {
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) return ItemOutcome::kNotFound;
  if (!is_item(entry)) return ItemOutcome::kNoItem;
  if (expiry.has_passed()) {
    erase_item(call, key);
  } else if (const auto deadline_ms = expiry.deadline_ms()) {
    call.db().set_deadline(key, *deadline_ms);
    if (call.propagates()) {
      call.propagate_as({"PEXPIREAT", key.bytes, std::to_string(*deadline_ms)});
    }
    call.notify(kNotifyGeneric, "expire", key.bytes);
  } else if (call.db().clear_deadline(key)) {
    call.propagate_as({"PERSIST", key.bytes});
    call.notify(kNotifyGeneric, "persist", key.bytes);
  }
  return ItemOutcome::kDone;
}

ItemOutcome delete_item(Call& call, const Key& key, std::optional<std::uint64_t> compare_cas) {
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) return ItemOutcome::kNotFound;
  if (!is_item(entry)) return ItemOutcome::kNoItem;
  if (compare_cas && *compare_cas != call.db().cas(key)) return ItemOutcome::kExists;
  erase_item(call, key);
  return ItemOutcome::kDone;
}

ItemOutcome invalidate_item(Call& call, const Key& key, const Invalidation& invalidation) {
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) return ItemOutcome::kNotFound;
  if (!is_item(entry)) return ItemOutcome::kNoItem;
  const auto& compare_cas = invalidation.compare_cas;
  if (compare_cas && *compare_cas != call.db().cas(key)) return ItemOutcome::kExists;
  if (invalidation.drop_value) {
    call.db().set_string(key, std::string_view(""), Ttl::keep());
    call.notify(kNotifyString, "set", key.bytes);
  }
  if (invalidation.mark_stale) {
    make_stale(call, key);
  } else {
    propagate_item(call, key);
  }
  if (invalidation.new_cas) call.db().set_cas(key, *invalidation.new_cas);
  return invalidation.expiry ? touch_item(call, key, *invalidation.expiry) : ItemOutcome::kDone;
}

Entry* vivify_item(Call& call, const Key& key, const Expiry& expiry,
                   std::optional<std::uint64_t> new_cas) {
  if (expiry.has_passed()) return nullptr;
  Entry* item = make_placeholder(call, key, expiry.ttl());
  if (!new_cas) return item;
  call.db().set_cas(key, *new_cas);
  return call.db().peek(key);
}

}  // namespace tarn
