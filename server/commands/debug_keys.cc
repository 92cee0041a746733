#include <fmt/format.h>

#include <array>
#include <limits>

#include "core/base/numbers.h"
#include "core/keyspace/dataset_digest.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "server/commands/debug_subcommand.h"
#include "server/commands/key_lookup.h"
#include "server/commands/type_names.h"
#include "server/engine/args.h"

// What is inside keys.

namespace tarn {
namespace {

// --- How long a string is in a snapshot (RDB)

std::size_t rdb_length_bytes(std::size_t length) {
  if (length < 64) return 1;
  if (length < 16384) return 2;
  return length <= std::numeric_limits<std::uint32_t>::max() ? 5 : 9;
}

template <class Int>
bool fits(std::int64_t value) {
  return value >= std::numeric_limits<Int>::min() && value <= std::numeric_limits<Int>::max();
}

// A tag and the number, or the digits of one beyond 32 bits.
std::size_t rdb_integer_bytes(std::int64_t value) {
  if (fits<std::int8_t>(value)) return 2;
  if (fits<std::int16_t>(value)) return 3;
  if (fits<std::int32_t>(value)) return 5;
  char digits[kMaxInt64Chars];
  return 1 + format_int64(digits, value);
}

// Strings are not compressed one by one: the snapshot is as a whole.
std::size_t rdb_text_bytes(std::string_view bytes) {
  std::int64_t number;
  if (parse_int64(bytes, number) && fits<std::int32_t>(number)) return rdb_integer_bytes(number);
  return rdb_length_bytes(bytes.size()) + bytes.size();
}

std::size_t rdb_string_bytes(const Entry& entry) {
  if (entry.string_encoding() == StringEncoding::kInteger) {
    return rdb_integer_bytes(entry.integer());
  }
  return rdb_text_bytes(StringView(entry).bytes());
}

// What a value takes in a snapshot: a packed one as a string, a large one element by element.
std::size_t rdb_value_bytes(const Entry& entry) {
  if (entry.type() == Type::kString) return rdb_string_bytes(entry);
  if (!entry.holds_large_collection()) {
    return rdb_length_bytes(entry.value().size()) + entry.value().size();
  }
  PackedElement::Scratch scratch;
  std::size_t bytes = rdb_length_bytes(entry.collection()->size());
  const CollectionView view = entry.collection_view();
  const auto add = [&](const auto& element) { bytes += rdb_text_bytes(element.text(scratch)); };
  switch (entry.type()) {
    case Type::kList: ListView(view).for_each(add); break;
    case Type::kSet: SetView(view).for_each(add); break;
    case Type::kSortedSet: {
      const SortedSetView set(view);
      set.for_each(set.all(), [&](const SetMember& member, double) {
        add(member);
        bytes += sizeof(double);
      });
      break;
    }
    default:
      HashView(view).for_each([&](std::string_view field, std::string_view value, std::int64_t) {
        bytes += rdb_text_bytes(field) + rdb_text_bytes(value);
      });
  }
  return bytes;
}

// --- Single keys

void debug_object(Call& call) {
  const Entry* entry = existing_entry(call);
  if (entry == nullptr) return;
  call.reply.simple(fmt::format(
      "Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
      fmt::ptr(entry), encoding_name(*entry), rdb_value_bytes(*entry), entry->access(),
      call.databases.access_policy().idle_seconds(entry->access(), call.now_ms())));
}

// In Redis's terms: `avail` is room to grow in place, `zmalloc` the memory of the bytes'
// allocation. Here a key, and the value beside it, have no allocation of their own, so theirs is
// what they take.
void debug_sdslen(Call& call) {
  const Entry* entry = existing_entry(call);
  if (entry == nullptr) return;
  if (entry->type() != Type::kString || entry->string_encoding() == StringEncoding::kInteger) {
    return call.reply.error("ERR Not an sds encoded string.");
  }
  const std::size_t key_bytes = entry->key().size();
  const bool in_blob = entry->string_encoding() == StringEncoding::kBlob;
  const std::size_t bytes = StringView(*entry).bytes().size();
  const std::size_t capacity = in_blob ? entry->blob()->capacity() : bytes;
  const std::size_t memory = in_blob ? entry->blob()->memory_bytes() : bytes;
  call.reply.simple(
      fmt::format("key_sds_len:{}, key_sds_avail:0, key_zmalloc: {}, val_sds_len:{}, "
                  "val_sds_avail:{}, val_zmalloc: {}",
                  key_bytes, key_bytes, bytes, capacity - bytes, memory));
}

// --- Digests

void debug_digest(Call& call) { call.reply.simple(to_hex(dataset_digest(call.databases))); }

void debug_digest_value(Call& call) {
  call.reply.array(call.args.size() - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const Entry* entry = look_at(call, Key(name));
    call.reply.simple(to_hex(entry == nullptr ? Sha1::Digest{} : value_digest(*entry)));
  }
}

// --- Making keys

std::int64_t next_positive(ArgReader& args) {
  constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";
  return args.integer_in(0, std::numeric_limits<std::int64_t>::max(), kNotPositive);
}

void debug_populate(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t count = next_positive(args);
  const std::string_view prefix = args.at_end() ? "key" : args.next();
  const auto value_bytes = static_cast<std::size_t>(args.at_end() ? 0 : next_positive(args));
  if (args.failed()) return;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("{}:{}", prefix, i);
    const Key key(name);
    if (call.db().contains(key)) continue;
    std::string value = fmt::format("value:{}", i);
    if (value_bytes > 0) value.resize(value_bytes);
    call.db().set_string(key, value, Ttl::none());
  }
  call.reply.ok();
}

void debug_set_active_expire(Call& call) {
  call.databases.context().active_expiry = debug_switch(call);
  call.reply.ok();
}

constexpr DebugSubcommand kRows[] = {
    {"digest", debug_digest, 0, 0, "", "Tells a SHA-1 digest of all databases"},
    {"digest-value", debug_digest_value, 0, DebugSubcommand::kAny, "[key ...]",
     "Tells a SHA-1 digest of each key's value"},
    {"object", debug_object, 1, 1, "key", "Tells how a key's value is stored"},
    {"populate", debug_populate, 1, 3, "count [prefix] [size]",
     "Makes string keys prefix:0 to prefix:<count - 1>, those that do not exist"},
    {"sdslen", debug_sdslen, 1, 1, "key", "Tells about the bytes of a key and its string"},
    {"set-active-expire", debug_set_active_expire, 1, 1, "0|1",
     "Whether keys vanish at their deadline, or not before they are looked at"},
};

}  // namespace

std::span<const DebugSubcommand> debug_key_subcommands() { return kRows; }

}  // namespace tarn
