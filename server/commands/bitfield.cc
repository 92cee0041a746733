// BITFIELD: integers of any width within a string.

#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/types/bit_field.h"
#include "server/commands/bit_offset.h"
#include "server/commands/families.h"
#include "server/commands/value_access.h"

namespace tarn {
namespace {

constexpr std::string_view kBadType =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";
constexpr std::string_view kBadOverflow = "ERR Invalid OVERFLOW type specified";
constexpr std::string_view kOnlyGet = "ERR BITFIELD_RO only supports the GET subcommand";

struct Operation {
  enum class Kind : std::uint8_t { kGet, kSet, kIncrement };

  Kind kind;
  BitOverflow overflow;
  BitFieldType type;
  std::uint64_t offset;
  std::int64_t operand;

  std::uint64_t end_byte() const { return (offset + type.bits - 1) / 8 + 1; }
};

BitFieldType read_type(ArgReader& args) {
  const std::string_view text = args.next();
  const bool is_signed = text.starts_with('i');
  std::int64_t bits = 0;
  if ((!is_signed && !text.starts_with('u')) || !parse_int64(text.substr(1), bits) || bits < 1 ||
      bits > (is_signed ? 64 : 63)) {
    args.fail(kBadType);
    bits = 1;
  }
  return {is_signed, static_cast<unsigned>(bits)};
}

BitOverflow read_overflow(ArgReader& args) {
  if (args.accept("wrap")) return BitOverflow::kWrap;
  if (args.accept("sat")) return BitOverflow::kSaturate;
  if (!args.accept("fail")) args.fail(kBadOverflow);
  return BitOverflow::kFail;
}

std::optional<Operation::Kind> read_kind(ArgReader& args) {
  if (args.accept("get", 2)) return Operation::Kind::kGet;
  if (args.accept("set", 3)) return Operation::Kind::kSet;
  if (args.accept("incrby", 3)) return Operation::Kind::kIncrement;
  return std::nullopt;
}

std::vector<Operation> read_operations(Call& call, ArgReader& args) {
  std::vector<Operation> operations;
  BitOverflow overflow = BitOverflow::kWrap;
  while (args.ok() && !args.at_end()) {
    if (args.accept("overflow", 1)) {
      overflow = read_overflow(args);
    } else if (const std::optional<Operation::Kind> kind = read_kind(args)) {
      const BitFieldType type = read_type(args);
      const std::uint64_t offset = read_bit_offset(call, args, type.bits);
      const std::int64_t operand = *kind == Operation::Kind::kGet ? 0 : args.integer();
      operations.push_back({*kind, overflow, type, offset, operand});
    } else {
      args.fail_syntax();
    }
  }
  return operations;
}

void reply_fields(Call& call, std::string_view bytes, std::span<const Operation> reads) {
  call.reply.array(reads.size());
  for (const Operation& read : reads) {
    call.reply.integer(read_field(bytes, read.offset, read.type));
  }
}

// What an operation answers, and what it writes to its field, if anything.
struct Effect {
  std::optional<std::int64_t> answer;
  std::optional<std::int64_t> written;
};

Effect effect_of(const Operation& operation, std::string_view bytes) {
  const auto& [kind, overflow, type, offset, operand] = operation;
  const std::int64_t before = read_field(bytes, offset, type);
  if (kind == Operation::Kind::kGet) return {before, std::nullopt};
  const bool sets = kind == Operation::Kind::kSet;
  const std::optional<std::int64_t> after =
      sets ? type.fit(operand, overflow) : type.add(before, operand, overflow);
  if (!after) return {};
  return {sets ? before : *after, after};
}

bool changes(const Operation& operation, std::string_view bytes) {
  const Effect effect = effect_of(operation, bytes);
  return effect.written && *effect.written != read_field(bytes, operation.offset, operation.type);
}

// Whether the operations, one after the other, change any field: as long as none does, each meets
// the bytes as they are.
bool any_changes(std::span<const Operation> operations, std::string_view bytes) {
  return std::any_of(operations.begin(), operations.end(),
                     [&](const Operation& operation) { return changes(operation, bytes); });
}

void reply_answer(Call& call, const Effect& effect) {
  effect.answer ? call.reply.integer(*effect.answer) : call.reply.null();
}

// Of operations that change nothing.
void reply_answers(Call& call, std::string_view bytes, std::span<const Operation> operations) {
  call.reply.array(operations.size());
  for (const Operation& operation : operations) reply_answer(call, effect_of(operation, bytes));
}

void perform_all(Call& call, char* bytes, std::size_t size, std::span<const Operation> operations) {
  call.reply.array(operations.size());
  for (const Operation& operation : operations) {
    const Effect effect = effect_of(operation, {bytes, size});
    if (effect.written) write_field(bytes, operation.offset, operation.type, *effect.written);
    reply_answer(call, effect);
  }
}

// The string grows to hold every field that is to be written to, even where none is.
void write_fields(Call& call, const Key& key, const Entry* entry,
                  std::span<const Operation> operations) {
  const BytesOf before(entry);
  std::size_t size = before.size();
  bool writes = false;
  for (const Operation& operation : operations) {
    if (operation.kind == Operation::Kind::kGet) continue;
    size = std::max<std::size_t>(size, operation.end_byte());
    writes |= effect_of(operation, before).written.has_value();
  }
  const bool grows = size > before.size();
  const bool changed = (grows && writes) || any_changes(operations, before);
  if (!grows && !changed) {
    reply_answers(call, before, operations);
    return call.db().mark_edited(key);
  }
  perform_all(call, call.db().edit_string(key, size, changed), size, operations);
  if (changed) return call.notify(kNotifyString, "setbit", key.bytes);
  // Clients are not told of mere room, but it has to be there after a restart.
  call.propagate_as(call.args);
}

bool only_reads(std::span<const Operation> operations) {
  return std::all_of(operations.begin(), operations.end(), [](const Operation& operation) {
    return operation.kind == Operation::Kind::kGet;
  });
}

// Whether the operations, as far as they are well formed, are all GETs.
bool reads_only(std::span<const std::string_view> operations) {
  while (!operations.empty()) {
    const std::size_t arguments = operations.size() - 1;
    std::size_t taken = 0;
    if (equals_ignoring_case(operations[0], "get")) taken = 2;
    if (equals_ignoring_case(operations[0], "overflow")) taken = 1;
    if (taken == 0 || arguments < taken) return false;
    operations = operations.subspan(1 + taken);
  }
  return true;
}

bool find_bitfield_keys(std::span<const std::string_view> args, std::vector<FoundKey>& keys) {
  const int flags = reads_only(args.subspan(2)) ? kRO | kAccess : kRW | kAccess | kUpdate;
  keys.push_back({1, static_cast<std::uint16_t>(flags)});
  return true;
}

void bitfield(Call& call) {
  ArgReader args(call, 2);
  const std::vector<Operation> operations = read_operations(call, args);
  if (args.failed()) return;
  const bool reads = only_reads(operations);
  const Key key = call.key(1);
  const Entry* entry = reads ? call.db().find(key) : call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  reads ? reply_fields(call, BytesOf(entry), operations)
        : write_fields(call, key, entry, operations);
}

void bitfield_ro(Call& call) {
  ArgReader args(call, 2);
  const std::vector<Operation> operations = read_operations(call, args);
  if (!only_reads(operations)) args.fail(kOnlyGet);
  if (args.failed()) return;
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kString)) return;
  reply_fields(call, BytesOf(entry), operations);
}

constexpr CommandRow kRows[] = {
    {
        .name = "bitfield",
        .handler = bitfield,
        .arity = -2,
        .flags = kWrite | kDenyOom,
        .categories = kBitmapCategory,
        .keys = {{{.flags = kRW | kAccess | kUpdate | kVariableFlags,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .notes = "This command allows both access and modification of the key"}}},
        .find_keys = find_bitfield_keys,
        .group = "bitmap",
        .since = "3.2.0",
        .complexity = "O(1) for each operation",
        .summary = "Reads and changes integers of any width within a string",
        .syntax = "key operation=[GET encoding offset|"
                  "write=([OVERFLOW (WRAP|SAT|FAIL)] write_operation=("
                  "SET encoding offset value:integer|INCRBY encoding offset increment)) ...]",
    },
    {
        .name = "bitfield_ro",
        .handler = bitfield_ro,
        .arity = -2,
        .flags = kReadonly | kFast,
        .categories = kBitmapCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "bitmap",
        .since = "6.0.0",
        .complexity = "O(1) for each operation",
        .summary = "Reads integers of any width within a string",
        .syntax = "key [GET encoding offset [GET encoding offset ...]]",
    },
};

}  // namespace

std::span<const CommandRow> bitfield_commands() { return kRows; }

}  // namespace tarn
