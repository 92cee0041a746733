// Commands that take a string for an array of bits.

#include <fmt/core.h>

#include <deque>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/types/bit_ops.h"
#include "server/commands/bit_offset.h"
#include "server/commands/families.h"
#include "server/commands/value_access.h"

namespace tarn {
namespace {

constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";
constexpr std::string_view kBitNotZeroOrOne = "ERR The bit argument must be 1 or 0.";
constexpr std::string_view kNotOfMany = "ERR BITOP NOT must be called with a single source key.";

void setbit(Call& call) {
  ArgReader args(call, 2);
  const std::uint64_t position = read_bit_offset(call, args);
  const bool value = args.integer_in(0, 1, kBadBit) == 1;
  if (args.failed()) return;

  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  const std::size_t old_size = BytesOf(entry).size();
  const bool before = bit_at(BytesOf(entry), position);
  call.reply.integer(before ? 1 : 0);
  if (position / 8 < old_size && before == value) return call.db().mark_edited(key);
  char* bytes = call.db().edit_string(key, std::max<std::size_t>(old_size, position / 8 + 1));
  set_bit(bytes, position, value);
  call.notify(kNotifyString, "setbit", key.bytes);
}

void getbit(Call& call) {
  ArgReader args(call, 2);
  const std::uint64_t position = read_bit_offset(call, args);
  if (args.failed()) return;
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kString)) return;
  call.reply.integer(bit_at(BytesOf(entry), position) ? 1 : 0);
}

// --- Ranges

constexpr BitRange kNoBits{1, 0};

bool is_empty(BitRange range) { return range.first > range.last; }

// Takes BYTE or BIT.
bool read_unit_is_bit(ArgReader& args) {
  if (args.accept("bit")) return true;
  if (!args.accept("byte")) args.fail_syntax();
  return false;
}

// The bits of a string from `first` to `last`, which count from the end where negative.
BitRange bits_between(std::int64_t first, std::int64_t last, std::size_t bytes, bool in_bits) {
  const auto total = static_cast<std::int64_t>(bytes) * (in_bits ? 8 : 1);
  if (first < 0) first = std::max<std::int64_t>(first + total, 0);
  if (last < 0) last = std::max<std::int64_t>(last + total, 0);
  last = std::min(last, total - 1);
  if (first > last) return kNoBits;
  const auto from = static_cast<std::uint64_t>(first);
  const auto to = static_cast<std::uint64_t>(last);
  return in_bits ? BitRange{from, to} : BitRange{from * 8, to * 8 + 7};
}

// Arguments after the key are looked at only where the key exists.
void bitcount(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.integer(0);
  if (wrong_type(call, entry, Type::kString)) return;
  const BytesOf bytes(entry);
  if (call.args.size() == 2) {
    return call.reply.integer(static_cast<std::int64_t>(count_bits(bytes)));
  }

  ArgReader args(call, 2);
  if (args.remaining() == 1 || args.remaining() > 3) args.fail_syntax();
  const std::int64_t first = args.integer();
  const std::int64_t last = args.integer();
  if (args.ok() && first < 0 && last < 0 && first > last) return call.reply.integer(0);
  const bool in_bits = args.ok() && !args.at_end() && read_unit_is_bit(args);
  if (args.failed()) return;
  const BitRange range = bits_between(first, last, bytes.size(), in_bits);
  call.reply.integer(static_cast<std::int64_t>(count_bits(bytes, range)));
}

// Where BITPOS looks.
struct SearchRange {
  BitRange bits = kNoBits;
  bool has_end = false;
};

SearchRange read_search_range(ArgReader& args, std::size_t bytes) {
  if (args.remaining() > 3) args.fail_syntax();
  const std::int64_t first = args.at_end() ? 0 : args.integer();
  if (args.at_end()) return {bits_between(first, -1, bytes, false), false};

  // The unit is checked before the end, behind which it stands.
  const std::string_view last_text = args.next();
  const bool in_bits = args.ok() && !args.at_end() && read_unit_is_bit(args);
  std::int64_t last = 0;
  if (!parse_int64(last_text, last)) args.fail(errors::kNotInteger);
  return {bits_between(first, last, bytes, in_bits), true};
}

// Without an end the string counts as followed by zeros.
std::int64_t find_position(std::string_view bytes, bool value, const SearchRange& range) {
  if (is_empty(range.bits)) return -1;
  if (const auto found = find_bit(bytes, value, range.bits)) {
    return static_cast<std::int64_t>(*found);
  }
  return value || range.has_end ? -1 : static_cast<std::int64_t>(bytes.size()) * 8;
}

void bitpos(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t bit = args.integer();
  if (bit != 0 && bit != 1) args.fail(kBitNotZeroOrOne);
  if (args.failed()) return;

  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.integer(bit == 1 ? -1 : 0);
  if (wrong_type(call, entry, Type::kString)) return;
  const BytesOf bytes(entry);
  const SearchRange range = read_search_range(args, bytes.size());
  if (args.failed()) return;
  call.reply.integer(find_position(bytes, bit == 1, range));
}

// --- BITOP

struct OperationName {
  std::string_view lower;
  std::string_view upper;
  BitOperation operation;
  std::size_t min_sources = 1;
};

constexpr OperationName kOperations[] = {
    {"and", "AND", BitOperation::kAnd},          {"or", "OR", BitOperation::kOr},
    {"xor", "XOR", BitOperation::kXor},          {"not", "NOT", BitOperation::kNot},
    {"diff", "DIFF", BitOperation::kDiff, 2},    {"diff1", "DIFF1", BitOperation::kDiff1, 2},
    {"andor", "ANDOR", BitOperation::kAndOr, 2}, {"one", "ONE", BitOperation::kOne},
};

// The operation, if it is one and there are as many sources as it takes; else the error has been
// sent.
std::optional<BitOperation> read_operation(Call& call, std::size_t sources) {
  for (const OperationName& name : kOperations) {
    if (!equals_ignoring_case(call.args[1], name.lower)) continue;
    if (name.operation == BitOperation::kNot && sources != 1) {
      call.reply.error(kNotOfMany);
      return std::nullopt;
    }
    if (sources < name.min_sources) {
      call.reply.error(
          fmt::format("ERR BITOP {} must be called with at least two source keys.", name.upper));
      return std::nullopt;
    }
    return name.operation;
  }
  call.reply.error(errors::kSyntax);
  return std::nullopt;
}

// The result is bytes, even where they spell an integer.
void store_bits(Keyspace& db, const Key& key, BlobRef result) {
  constexpr std::size_t kMinBlobBytes = 4096;
  if (result->size() >= kMinBlobBytes) {
    db.set_string(key, std::move(result), Ttl::none());
    return;
  }
  db.set_string(key, "", Ttl::none());
  result->view().copy(db.edit_string(key, result->size()), result->size());
}

void bitop(Call& call) {
  constexpr std::size_t kFirstSource = 3;
  const std::optional<BitOperation> operation =
      read_operation(call, call.args.size() - kFirstSource);
  if (!operation) return;

  std::deque<BytesOf> values;  // which stay where they are
  std::vector<std::string_view> sources;
  std::size_t size = 0;
  for (std::size_t i = kFirstSource; i < call.args.size(); ++i) {
    const Entry* entry = call.db().find(call.key(i));
    if (wrong_type(call, entry, Type::kString)) return;
    sources.push_back(values.emplace_back(entry));
    size = std::max(size, sources.back().size());
  }

  const Key destination = call.key(2);
  if (size == 0) {
    if (call.db().erase(destination)) call.notify(kNotifyGeneric, "del", destination.bytes);
  } else {
    BlobRef result = Blob::allocate(size, size);
    combine_bits(*operation, sources, result->data(), size);
    store_bits(call.db(), destination, std::move(result));
    call.notify(kNotifyString, "set", destination.bytes);
  }
  call.reply.integer(static_cast<std::int64_t>(size));
}

constexpr CommandRow kRows[] = {
    {
        .name = "setbit",
        .handler = setbit,
        .arity = 4,
        .flags = kWrite | kDenyOom,
        .categories = kBitmapCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "bitmap",
        .since = "2.2.0",
        .complexity = "O(1), or O(N) where N is by how many bytes the string grows",
        .summary = "Sets or clears a bit of the string that a key holds",
        .syntax = "key offset value:integer",
    },
    {
        .name = "getbit",
        .handler = getbit,
        .arity = 3,
        .flags = kReadonly | kFast,
        .categories = kBitmapCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "bitmap",
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Returns a bit of the string that a key holds",
        .syntax = "key offset",
    },
    {
        .name = "bitcount",
        .handler = bitcount,
        .arity = -2,
        .flags = kReadonly,
        .categories = kBitmapCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "bitmap",
        .since = "2.6.0",
        .complexity = "O(N) where N is the length of the range",
        .summary = "Counts the bits that are set in a string",
        .syntax = "key index=[start end index_unit=[BYTE|BIT]@7.0.0]",
        .history = "7.0.0: Added the `BYTE|BIT` option.",
    },
    {
        .name = "bitpos",
        .handler = bitpos,
        .arity = -3,
        .flags = kReadonly,
        .categories = kBitmapCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "bitmap",
        .since = "2.8.7",
        .complexity = "O(N) where N is the length of the range",
        .summary = "Finds the first bit that is set, or clear, in a string",
        .syntax = "key bit index=[start end_index=[end index_unit=[BYTE|BIT]@7.0.0]]",
        .history = "7.0.0: Added the `BYTE|BIT` option.",
    },
    {
        .name = "bitop",
        .handler = bitop,
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .categories = kBitmapCategory,
        .keys = {key_at(2, kOW | kUpdate), keys_from(3, -1, 1, kRO | kAccess)},
        .group = "bitmap",
        .since = "2.6.0",
        .complexity = "O(N) where N is the length of all the strings together",
        .summary = "Combines strings bit by bit and stores the result",
        .syntax = "operation=(AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE) destkey key [key ...]",
        .history = "8.2.0: Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations.",
    },
};

}  // namespace

std::span<const CommandRow> bitmap_commands() { return kRows; }

}  // namespace tarn
