// Leases in RESP: who makes a value that is missing or stale. leases.h says what they are.

#include <algorithm>
#include <limits>

#include "core/base/numbers.h"
#include "server/commands/families.h"
#include "server/commands/leases.h"
#include "server/commands/ttl_option.h"
#include "server/commands/value_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::int64_t kDefaultLeaseMs = 30'000;

constexpr std::string_view kBadRefresh = "ERR value is out of range, must be positive";
constexpr std::string_view kBadToken = "ERR a lease token is a number from GETLEASE";

// EX or PX: how long a lease, or a value that is stale, is to last.
class LeaseTime {
 public:
  bool accept(ArgReader& args) {
    using Kind = TtlOption::Kind;
    return accept(args, "ex", Kind::kEx) || accept(args, "px", Kind::kPx);
  }
  bool given() const { return ttl_.has_amount(); }
  // Nothing where the error has been sent.
  std::optional<std::int64_t> deadline_ms(Call& call) const {
    return given() ? ttl_.deadline_ms(call) : call.now_ms() + kDefaultLeaseMs;
  }

 private:
  bool accept(ArgReader& args, std::string_view word, TtlOption::Kind kind) {
    if (given() || !args.accept(word, 1)) return false;
    ttl_ = TtlOption(kind, args.next());
    return true;
  }

  TtlOption ttl_;
};

// --- GETLEASE

void reply_token(Call& call, std::uint64_t token) {
  char digits[kMaxInt64Chars];
  call.reply.bulk({digits, format_uint64(digits, token)});
}

// The token is a string, since clients may round integers from 2^53 on, and CAS numbers that
// clients of memcached choose can be that large.
void reply_lease(Call& call, const Key& key, bool won) {
  const std::uint64_t token = won ? call.db().cas(key) : 0;
  const Entry& item = *call.db().peek(key);
  const bool missing = item.awaits_value() && item.value().empty();
  call.reply.array(3);
  missing ? call.reply.null() : call.reply.value(item);
  won ? reply_token(call, token) : call.reply.null();
  call.reply.bulk(missing ? "missing" : item.stale() ? "stale" : "fresh");
}

// `may_keep`: there is room for a missing key that is kept for the caller.
void serve_lease(Call& call, bool may_keep) {
  ArgReader args(call, 2);
  LeaseTime time;
  std::optional<std::int64_t> refresh_s;
  while (args.ok() && !args.at_end()) {
    if (time.accept(args)) continue;
    if (refresh_s || !args.accept("refresh", 1)) {
      args.fail_syntax();
    } else {
      refresh_s = args.integer_in(1, std::numeric_limits<std::int64_t>::max(), kBadRefresh);
    }
  }
  if (args.failed()) return;
  const auto placeholder_until_ms = time.deadline_ms(call);
  if (!placeholder_until_ms) return;

  const Key key = call.key(1);
  Entry* item = call.db().find(key);
  if (wrong_type(call, item, Type::kString)) return;
  if (item == nullptr) {
    if (!may_keep) return call.reply_no_room();
    make_placeholder(call, key, Ttl::until(*placeholder_until_ms));
    return reply_lease(call, key, true);
  }
  const bool due = refresh_s && expires_within(call, deadline_of(*item), *refresh_s);
  reply_lease(call, key, win_lease(*item, due));
}

void getlease(Call& call) { serve_lease(call, true); }

// What is there is served: it takes no memory.
void getlease_without_room(Call& call) { serve_lease(call, false); }

// --- SETLEASE

void setlease(Call& call) {
  ArgReader args(call, 4);
  TtlOption ttl_option;
  while (args.ok() && !args.at_end()) {
    if (!ttl_option.accept(args, TtlOption::Kind::kKeepTtl)) args.fail_syntax();
  }
  std::uint64_t token = 0;
  if (!parse_uint64(call.args[2], token)) args.fail(kBadToken);
  if (args.failed()) return;
  const std::optional<Ttl> ttl = ttl_option.resolve(call);
  if (!ttl) return;

  const Key key = call.key(1);
  const Entry* item = call.db().find_for_update(key);
  if (wrong_type(call, item, Type::kString)) return;
  // Who has a token of this version asked for its CAS.
  if (item == nullptr || !item->has_cas() || item->cas() != token) return call.reply.null();
  set_argument(call, key, 3, *ttl);
  propagate_set(call, key.bytes, call.args[3], *ttl);
  call.reply.ok();
}

// --- INVALIDATE

// Without a time it ends soon, and no later than it would have: so nobody waits for long for a
// winner that does not come back.
void invalidate(Call& call) {
  ArgReader args(call, 2);
  LeaseTime time;
  while (args.ok() && !args.at_end()) {
    if (!time.accept(args)) args.fail_syntax();
  }
  if (args.failed()) return;
  auto deadline_ms = time.deadline_ms(call);
  if (!deadline_ms) return;

  const Key key = call.key(1);
  const Entry* item = call.db().find_for_update(key);
  if (wrong_type(call, item, Type::kString)) return;
  if (item == nullptr) return call.reply.integer(0);
  if (!time.given())
    deadline_ms = std::min(*deadline_ms, deadline_of(*item).value_or(*deadline_ms));
  const bool moved = deadline_ms != deadline_of(*item);
  if (moved) call.db().set_deadline(key, *deadline_ms);
  make_stale(call, key);
  if (moved) call.notify(kNotifyGeneric, "expire", key.bytes);
  call.reply.integer(1);
}

constexpr CommandRow kRows[] = {
    {
        .name = "getlease",
        .handler = getlease,
        .arity = -2,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .on_no_room = getlease_without_room,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary =
            "Returns the string that a key holds, and a token where the caller is to make it "
            "anew; a missing key is kept for the caller",
        .syntax = "key [EX seconds|PX milliseconds] [REFRESH seconds]",
    },
    {
        .name = "setlease",
        .handler = setlease,
        .arity = -4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "string",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary =
            "Gives a key a string value unless it was written or invalidated since the token "
            "was given",
        .syntax = "key token value [EX seconds|PX milliseconds|EXAT unix-time-seconds|"
                  "PXAT unix-time-milliseconds|KEEPTTL]",
    },
    {
        .name = "invalidate",
        .handler = invalidate,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "string",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary =
            "Marks the string that a key holds as stale: it serves until somebody has made it "
            "anew, or for a time",
        .syntax = "key [EX seconds|PX milliseconds]",
    },
};

}  // namespace

std::span<const CommandRow> lease_commands() { return kRows; }

}  // namespace tarn
