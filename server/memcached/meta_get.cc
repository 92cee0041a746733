// mg, me and mn of the meta protocol.

#include "server/commands/leases.h"
#include "server/memcached/families.h"
#include "server/memcached/item_writer.h"
#include "server/memcached/meta_request.h"
#include "server/memcached/text_support.h"

namespace tarn {
namespace {

using namespace memcached;

// The deadline that T gives.
std::optional<std::int64_t> new_deadline(Call& call, const MetaRequest& request) {
  const auto ttl = request.ttl();
  return ttl->has_passed() ? call.now_ms() : ttl->deadline_ms();
}

// The item's deadline as R sees it: T counts from where it stands.
std::optional<std::int64_t> deadline_at_recache(Call& call, const MetaRequest& request,
                                                const Entry& item) {
  if (request.has('T')) {
    for (const std::string_view flag : request.flags()) {
      if (flag[0] == 'T') return new_deadline(call, request);
      if (flag[0] == 'R') break;
    }
  }
  return deadline_of(item);
}

// Where uses are counted, only the minute of the last one is known.
std::int64_t idle_seconds(Call& call, const Entry& item) {
  constexpr std::int64_t kSecondsAMinute = 60;
  const AccessPolicy& policy = call.databases.access_policy();
  return policy.tracks_frequency
             ? policy.idle_minutes(item.access(), call.now_ms()) * kSecondsAMinute
             : policy.idle_seconds(item.access(), call.now_ms());
}

// An item as a request finds it, and what comes of it.
struct Found {
  Entry* item = nullptr;
  bool was_fetched = false;
  std::int64_t idle_s = 0;
  std::uint64_t cas = 0;
  bool won = false;        // this client is to make the value anew
  bool given_out = false;  // another client is
  bool other_type = false;
  bool made = false;  // it was not there
};

// Whether R says that the item should be made anew.
bool is_due(Call& call, const MetaRequest& request, const Entry& item) {
  const auto seconds = request.recache_seconds();
  return seconds && expires_within(call, deadline_at_recache(call, request, item), *seconds);
}

// `may_make`: there is room for the item that N makes.
Found find(Call& call, const MetaRequest& request, bool may_make) {
  Found found;
  const Key& key = request.key();
  const bool aside = request.has('u');  // leaves no trace
  if (aside || request.has('l')) {
    if (const Entry* item = call.db().peek(key)) found.idle_s = idle_seconds(call, *item);
  }
  found.item = aside ? call.db().peek(key) : call.db().find(key);
  if (found.item == nullptr) {
    const auto vivify = request.vivify();
    if (!vivify || !may_make) return found;
    found.item = vivify_item(call, key, *vivify, request.new_cas());
    found.won = found.made = found.item != nullptr;
  } else if (found.item->type() != Type::kString) {
    return {.other_type = true};
  }
  if (found.item == nullptr) return found;
  if (request.has('c')) {
    found.cas = call.db().cas(key);
    found.item = call.db().peek(key);
  }
  if (!found.won) {
    found.given_out = found.item->won();
    found.won = win_lease(*found.item, is_due(call, request, *found.item));
  }
  found.was_fetched = found.item->fetched();
  if (!aside) mark_fetched(call, *found.item);
  return found;
}

void write_field(OutputBuffer& out, std::string_view name, std::int64_t value) {
  out.append(name);
  write_signed(out, value);
}

// The fields that flags ask for, in the flags' order; T counts from where it stands.
void write_fields(Call& call, const MetaRequest& request, const Found& found, std::size_t bytes) {
  OutputBuffer& out = call.reply.out();
  std::optional<std::int64_t> deadline_ms = deadline_of(*found.item);
  for (const std::string_view flag : request.flags()) {
    switch (flag[0]) {
      case 'T': deadline_ms = new_deadline(call, request); break;
      case 'c':
        out.append(" c");
        write_number(out, found.cas);
        break;
      case 'f': write_field(out, " f", found.item->client_flags()); break;
      case 'h': out.append(found.was_fetched ? " h1" : " h0"); break;
      case 'l': write_field(out, " l", found.idle_s); break;
      case 's': write_field(out, " s", static_cast<std::int64_t>(bytes)); break;
      case 't': write_field(out, " t", remaining_seconds(call, deadline_ms)); break;
      default: request.write_identity(out, flag);
    }
  }
  if (found.given_out) out.append(" Z");
  if (found.item->stale()) out.append(" X");
  if (found.won) out.append(" W");
  out.append("\r\n");
}

void serve(Call& call, bool may_make) {
  const MetaRequest request(call, 2, call.args.size());
  if (!request.error().empty()) return call.reply.error_line(request.error());
  const Found found = find(call, request, may_make);
  OutputBuffer& out = call.reply.out();
  ++stats_of(call).cmd_meta;
  count_read(call, found.item != nullptr, request.has('T'));
  if (found.made) ++stats_of(call).total_items;
  if (found.other_type && request.vivify()) return call.reply.error_line(lines::kNoItem);
  if (found.item == nullptr) {
    if (!request.quiet()) request.write_bare(out, "EN");
    return;
  }
  const std::size_t bytes = StringView(*found.item).bytes().size();
  if (request.has('v')) {
    out.append("VA ");
    write_number(out, bytes);
  } else {
    out.append("HD");
  }
  write_fields(call, request, found, bytes);
  if (request.has('v')) write_data(out, *found.item);
  if (const auto ttl = request.ttl()) touch_item(call, request.key(), *ttl);
}

void meta_get(Call& call) { serve(call, true); }

// What is there is served, and what is not is a miss that nobody wins.
void meta_get_without_room(Call& call) { serve(call, false); }

void meta_debug(Call& call) {
  if (call.args.size() < 2) return call.reply.error_line(lines::kBadFormat);
  const bool encoded = call.args.size() > 2 && call.args[2] == "b";
  const auto key = MetaKey::read(call, encoded);
  if (!key) return call.reply.error_line(lines::kBadFormat);
  const Key looked_up(key->bytes());
  Entry* item = call.db().peek(looked_up);
  ++stats_of(call).cmd_meta;
  if (item == nullptr || item->type() != Type::kString) return reply_line(call, "EN");
  const std::uint64_t cas = call.db().cas(looked_up);
  item = call.db().peek(looked_up);
  OutputBuffer& out = call.reply.out();
  out.append("ME ");
  out.append(key->in_line());
  const std::int64_t remaining = remaining_seconds(call, deadline_of(*item));
  write_field(out, " exp=", remaining < 0 ? -1 : -remaining);
  write_field(out, " la=", idle_seconds(call, *item));
  out.append(" cas=");
  write_number(out, cas);
  out.append(item->fetched() ? " fetch=yes" : " fetch=no");
  out.append(" cls=1 size=");
  write_number(out, call.db().memory_bytes(*item));
  out.append("\r\n");
}

// An answer that a client can wait for behind quiet requests.
void meta_no_op(Call& call) { call.reply.out().append("MN\r\n"); }

constexpr CommandRow kRows[] = {
    {.name = "mg",
     .handler = meta_get,
     .arity = -2,
     .flags = kReadonly | kFast,
     .categories = kStringCategory,
     .keys = {key_at(1, kRO | kAccess)}},
    // With flags that change what is there.
    {.name = kMetaGetUpdate,
     .handler = meta_get,
     .arity = -2,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kStringCategory,
     .on_no_room = meta_get_without_room,
     .keys = {key_at(1, kRW | kAccess | kUpdate)}},
    {.name = "me",
     .handler = meta_debug,
     .arity = -1,
     .flags = kReadonly | kFast,
     .categories = kStringCategory},
    {.name = "mn",
     .handler = meta_no_op,
     .arity = -1,
     .flags = kLoading | kStale | kFast,
     .categories = kConnectionCategory},
};

}  // namespace

std::span<const CommandRow> memcached_meta_get_commands() { return kRows; }

}  // namespace tarn
