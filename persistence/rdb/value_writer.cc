#include "persistence/rdb/value_writer.h"

#include <algorithm>
#include <limits>

#include "core/base/assert.h"
#include "core/containers/int_set.h"
#include "core/keyspace/keyspace.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"

namespace tarn {
namespace {

// How large a list's nodes are: as redis-server's default has it.
constexpr std::size_t kMaxNodeBytes = 8 * 1024;
// What an element may add to a listpack besides its bytes.
constexpr std::size_t kElementOverheadBytes = 11;
constexpr std::uint64_t kPlainNode = 1;
constexpr std::uint64_t kPackedNode = 2;

bool is_large(const Entry& entry) {
  return entry.collection_encoding() == CollectionEncoding::kLarge;
}

// The earliest deadline among the fields of a hash; kNoDeadline if none has one.
std::int64_t earliest_deadline(const HashView& hash) {
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  hash.for_each([&](std::string_view, std::string_view, std::int64_t deadline_ms) {
    if (deadline_ms != kNoDeadline) earliest = std::min(earliest, deadline_ms);
  });
  return earliest == std::numeric_limits<std::int64_t>::max() ? kNoDeadline : earliest;
}

bool has_deadlines(const Entry& entry) {
  if (entry.collection_encoding() == CollectionEncoding::kPacked) return false;
  const HashView hash(entry.collection_view());
  return hash.wakeup().ms != FieldWakeup::kNever && earliest_deadline(hash) != kNoDeadline;
}

}  // namespace

rdb::ValueType ValueWriter::type_of(const Entry& entry) {
  switch (entry.type()) {
    case Type::kString: return rdb::kString;
    case Type::kList: return rdb::kListQuicklist2;
    case Type::kSet:
      return entry.collection_encoding() == CollectionEncoding::kIntSet ? rdb::kSetIntset
                                                                        : rdb::kSet;
    case Type::kSortedSet: return is_large(entry) ? rdb::kZset2 : rdb::kZsetListpack;
    case Type::kHash:
      if (has_deadlines(entry)) return rdb::kHashMetadata;
      return is_large(entry) ? rdb::kHash : rdb::kHashListpack;
    case Type::kStream: break;
  }
  TARN_ASSERT(false && "no key holds a stream");
  return rdb::kString;
}

void ValueWriter::write(const Entry& entry) {
  switch (entry.type()) {
    case Type::kString: return write_string(entry);
    case Type::kList: return write_list(entry);
    case Type::kSet: return write_set(entry);
    case Type::kSortedSet: return write_sorted_set(entry);
    case Type::kHash: return has_deadlines(entry) ? write_expiring_hash(entry) : write_hash(entry);
    case Type::kStream: break;
  }
}

void ValueWriter::write_string(const Entry& entry) {
  if (entry.string_encoding() == StringEncoding::kInteger) return out_.integer(entry.integer());
  out_.string(StringView(entry).bytes());
}

// How many nodes there are stands before them, so the list is cut into nodes twice.
void ValueWriter::write_list(const Entry& entry) {
  const ListView list(entry.collection_view());
  PackedElement::Scratch scratch;
  std::uint64_t nodes = 0;
  std::size_t node_bytes = 0;
  const auto cost = [](std::size_t bytes) { return bytes + kElementOverheadBytes; };
  list.for_each([&](const PackedElement& element) {
    const std::size_t bytes = cost(element.text_bytes());
    const bool plain = bytes > kMaxNodeBytes;
    if (plain || node_bytes + bytes > kMaxNodeBytes || node_bytes == 0) ++nodes;
    node_bytes = plain ? 0 : (node_bytes + bytes > kMaxNodeBytes ? bytes : node_bytes + bytes);
  });

  out_.length(nodes);
  listpack_.clear();
  node_bytes = 0;
  list.for_each([&](const PackedElement& element) {
    const std::string_view text = element.text(scratch);
    const std::size_t bytes = cost(text.size());
    if (node_bytes + bytes > kMaxNodeBytes) {
      end_node();
      node_bytes = 0;
    }
    if (bytes > kMaxNodeBytes) {
      out_.length(kPlainNode);
      return out_.blob(text);
    }
    listpack_.add(text);
    node_bytes += bytes;
  });
  end_node();
}

void ValueWriter::end_node() {
  if (!listpack_.empty()) {
    out_.length(kPackedNode);
    out_.blob(listpack_.finish());
  }
  listpack_.clear();
}

void ValueWriter::write_set(const Entry& entry) {
  if (entry.collection_encoding() == CollectionEncoding::kIntSet) {
    return write_int_set(entry.value());
  }
  const SetView set(entry.collection_view());
  SetMember::Scratch scratch;
  out_.length(set.size());
  set.for_each([&](const SetMember& member) { out_.string(member.text(scratch)); });
}

// Width and length take four bytes each there.
void ValueWriter::write_int_set(std::string_view bytes) {
  const IntSet set(bytes);
  const std::uint32_t header[2] = {set.width(), static_cast<std::uint32_t>(set.size())};
  std::string whole(reinterpret_cast<const char*>(header), sizeof header);
  whole += set.values();
  out_.blob(whole);
}

void ValueWriter::write_sorted_set(const Entry& entry) {
  const SortedSetView set(entry.collection_view());
  SetMember::Scratch scratch;
  if (is_large(entry)) {
    out_.length(set.size());
    // From the end: who loads it then always inserts at the front of its list.
    set.for_each_downward(set.all(), [&](const SetMember& member, double score) {
      out_.string(member.text(scratch));
      out_.little_endian(score);
    });
    return;
  }
  listpack_.clear();
  char digits[kMaxDoubleChars];
  set.for_each(set.all(), [&](const SetMember& member, double score) {
    listpack_.add(member.text(scratch));
    listpack_.add(std::string_view(digits, format_double(digits, score)));
  });
  out_.blob(listpack_.finish());
}

void ValueWriter::write_hash(const Entry& entry) {
  const HashView hash(entry.collection_view());
  if (is_large(entry)) {
    out_.length(hash.size());
    hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
      out_.string(field);
      out_.string(value);
    });
    return;
  }
  listpack_.clear();
  hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
    listpack_.add(field);
    listpack_.add(value);
  });
  out_.blob(listpack_.finish());
}

// Deadlines are told as their distance from the earliest one.
void ValueWriter::write_expiring_hash(const Entry& entry) {
  const HashView hash(entry.collection_view());
  const std::int64_t earliest = earliest_deadline(hash);
  std::uint64_t fields = 0;
  hash.for_each([&](std::string_view, std::string_view, std::int64_t) { ++fields; });
  out_.little_endian(earliest);
  out_.length(fields);
  hash.for_each([&](std::string_view field, std::string_view value, std::int64_t deadline_ms) {
    out_.length(
        deadline_ms == kNoDeadline ? 0 : static_cast<std::uint64_t>(deadline_ms - earliest) + 1);
    out_.string(field);
    out_.string(value);
  });
}

}  // namespace tarn
