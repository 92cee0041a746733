// ms, md and ma of the meta protocol.

#include "core/base/numbers.h"
#include "server/commands/leases.h"
#include "server/memcached/families.h"
#include "server/memcached/item_writer.h"
#include "server/memcached/meta_request.h"
#include "server/memcached/text_support.h"

namespace tarn {
namespace {

using namespace memcached;

constexpr std::string_view kWrongFlags = "CLIENT_ERROR invalid or duplicate flag";
constexpr std::string_view kBadStoreMode = "CLIENT_ERROR invalid mode for ms M token";
constexpr std::string_view kBadNumberMode = "CLIENT_ERROR invalid mode for ma M token";

std::string_view code_of(ItemOutcome outcome) {
  switch (outcome) {
    case ItemOutcome::kDone: return "HD";
    case ItemOutcome::kNotFound: return "NF";
    case ItemOutcome::kExists: return "EX";
    default: return "NS";
  }
}

// --- ms

std::optional<StoreMode> store_mode(char letter) {
  switch (letter) {
    case 0:
    case 'S': return StoreMode::kSet;
    case 'E': return StoreMode::kAdd;
    case 'R': return StoreMode::kReplace;
    case 'A': return StoreMode::kAppend;
    case 'P': return StoreMode::kPrepend;
    default: return std::nullopt;
  }
}

// The item's size where it was stored, for the flag s.
std::size_t stored_bytes(Call& call, const Key& key) {
  const Entry* item = call.db().peek(key);
  return item == nullptr ? 0 : StringView(*item).bytes().size();
}

void write_stored(Call& call, const MetaRequest& request, ItemOutcome outcome) {
  OutputBuffer& out = call.reply.out();
  const bool stored = outcome == ItemOutcome::kDone && call.db().contains(request.key());
  out.append(code_of(outcome));
  for (const std::string_view flag : request.flags()) {
    if (flag[0] == 'c') {
      out.append(" c");
      write_number(out, stored ? call.db().cas(request.key()) : 0);
    } else if (flag[0] == 's' && stored) {
      out.append(" s");
      write_number(out, stored_bytes(call, request.key()));
    } else {
      request.write_identity(out, flag);
    }
  }
  out.append("\r\n");
}

void meta_set(Call& call) {
  const std::size_t data = call.args.size() - 1;
  const MetaRequest request(call, 3, data);
  if (!request.error().empty()) return call.reply.error_line(request.error());
  const auto mode = store_mode(request.mode());
  if (!mode) return call.reply.error_line(kBadStoreMode);
  const ItemOutcome outcome = store_item(call, request.key(), data,
                                         {.mode = *mode,
                                          .client_flags = request.client_flags(),
                                          .expiry = request.ttl().value_or(Expiry()),
                                          .compare_cas = request.compare_cas(),
                                          .invalidate = request.has('I'),
                                          .new_cas = request.new_cas(),
                                          .with_cas = request.has('c'),
                                          .vivify = request.vivify(),
                                          .max_bytes = options(call).memcached_max_item_size});
  ++stats_of(call).cmd_meta;
  count_store(call, outcome, request.has('C'));
  if (reply_failure(call, outcome)) return;
  if (outcome == ItemOutcome::kDone && request.quiet()) return;
  write_stored(call, request, outcome);
}

// Whatever its mode, as in memcached: what is old must not outlive what was to replace it.
void meta_set_without_room(Call& call) {
  const MetaRequest request(call, 3, call.args.size() - 1);
  if (!request.error().empty()) return call.reply.error_line(request.error());
  if (!store_mode(request.mode())) return call.reply.error_line(kBadStoreMode);
  ++stats_of(call).cmd_meta;
  delete_item(call, request.key());
  call.reply_no_room();
}

// Of a request with several faults, the first counts.
void bad_block(Call& call) {
  const MetaRequest request(call, 3, call.args.size());
  if (!request.error().empty()) return call.reply.error_line(request.error());
  if (!store_mode(request.mode())) return call.reply.error_line(kBadStoreMode);
  call.reply.error_line("CLIENT_ERROR bad data chunk");
}

// --- md

// Errors in the flags of md and ma are not told apart.
bool reply_flag_error(Call& call, const MetaRequest& request) {
  if (request.error().empty()) return false;
  call.reply.error_line(request.flags_are_wrong() ? kWrongFlags : request.error());
  return true;
}

void meta_delete(Call& call) {
  const MetaRequest request(call, 2, call.args.size());
  if (reply_flag_error(call, request)) return;
  const bool keeps = request.has('I') || request.has('x');
  const ItemOutcome outcome = keeps ? invalidate_item(call, request.key(),
                                                      {.mark_stale = request.has('I'),
                                                       .drop_value = request.has('x'),
                                                       .compare_cas = request.compare_cas(),
                                                       .new_cas = request.new_cas(),
                                                       .expiry = request.ttl()})
                                    : delete_item(call, request.key(), request.compare_cas());
  ++stats_of(call).cmd_meta;
  // To memcached, an item that stays was not deleted, and one that was not the right one missed.
  if (outcome == ItemOutcome::kDone && !keeps) ++stats_of(call).delete_hits;
  if (outcome == ItemOutcome::kNotFound || outcome == ItemOutcome::kExists) {
    ++stats_of(call).delete_misses;
  }
  if (reply_failure(call, outcome)) return;
  if (outcome == ItemOutcome::kDone && request.quiet()) return;
  request.write_bare(call.reply.out(), code_of(outcome));
}

// --- ma

std::optional<bool> decrements(char mode) {
  switch (mode) {
    case 0:
    case 'I':
    case '+': return false;
    case 'D':
    case '-': return true;
    default: return std::nullopt;
  }
}

void write_result(Call& call, const MetaRequest& request, std::uint64_t result) {
  OutputBuffer& out = call.reply.out();
  if (request.has('v')) {
    out.append("VA ");
    write_number(out, digits10(result));
  } else {
    out.append("HD");
  }
  const bool exists = call.db().contains(request.key());
  for (const std::string_view flag : request.flags()) {
    if (flag[0] == 'c') {
      out.append(" c");
      write_number(out, exists ? call.db().cas(request.key()) : 0);
    } else if (flag[0] == 't') {
      const Entry* item = call.db().peek(request.key());
      const bool limited = item != nullptr && item->has_deadline();
      out.append(" t");
      write_signed(out, limited ? remaining_seconds(call, item->deadline_ms()) : -1);
    } else {
      request.write_identity(out, flag);
    }
  }
  out.append("\r\n");
  if (!request.has('v')) return;
  write_number(out, result);
  out.append("\r\n");
}

void meta_arithmetic(Call& call) {
  const MetaRequest request(call, 2, call.args.size());
  if (reply_flag_error(call, request)) return;
  const auto decrement = decrements(request.mode());
  if (!decrement) return call.reply.error_line(kBadNumberMode);
  ArithmeticResult result;
  const ItemOutcome outcome = add_to_item(call, request.key(),
                                          {.decrement = *decrement,
                                           .delta = request.delta(),
                                           .compare_cas = request.compare_cas(),
                                           .new_cas = request.new_cas(),
                                           .touch = request.ttl(),
                                           .vivify = request.vivify(),
                                           .initial = request.initial()},
                                          result);
  ++stats_of(call).cmd_meta;
  count_arithmetic(call, outcome, result.made, *decrement);
  if (reply_failure(call, outcome)) return;
  if (outcome != ItemOutcome::kDone) {
    return request.write_bare(call.reply.out(), code_of(outcome));
  }
  if (!request.quiet()) write_result(call, request, result.number);
}

// A number that is there takes no more memory than before.
void meta_arithmetic_without_room(Call& call) {
  const MetaRequest request(call, 2, call.args.size());
  const bool makes = request.error().empty() && request.vivify() && decrements(request.mode()) &&
                     !call.db().contains(request.key());
  if (!makes) return meta_arithmetic(call);
  ++stats_of(call).cmd_meta;
  call.reply_no_room();
}

constexpr CommandRow kRows[] = {
    {.name = "ms",
     .handler = meta_set,
     .arity = -4,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kStringCategory,
     .out_of_memory = kNoRoomToStore,
     .on_no_room = meta_set_without_room,
     .keys = {key_at(1, kRW | kUpdate)}},
    {.name = kBadBlockCommand,
     .handler = bad_block,
     .arity = -3,
     .flags = kFast,
     .categories = kStringCategory},
    {.name = "md",
     .handler = meta_delete,
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kStringCategory,
     .keys = {key_at(1, kRW | kDelete)}},
    {.name = "ma",
     .handler = meta_arithmetic,
     .arity = -2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kStringCategory,
     .out_of_memory = "Out of memory allocating new item",
     .on_no_room = meta_arithmetic_without_room,
     .keys = {key_at(1, kRW | kAccess | kUpdate)}},
};

}  // namespace

std::span<const CommandRow> memcached_meta_change_commands() { return kRows; }

}  // namespace tarn
