#include "persistence/rdb/value_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "persistence/rdb/packed_readers.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {
namespace {

constexpr std::size_t kScoreBatch = 64;
constexpr std::uint64_t kPlainNode = 1;
constexpr std::uint64_t kPackedNode = 2;

Type type_of(std::uint8_t type) {
  switch (type) {
    case rdb::kString: return Type::kString;
    case rdb::kList:
    case rdb::kListZiplist:
    case rdb::kListQuicklist:
    case rdb::kListQuicklist2: return Type::kList;
    case rdb::kSet:
    case rdb::kSetIntset:
    case rdb::kSetListpack: return Type::kSet;
    case rdb::kZset:
    case rdb::kZset2:
    case rdb::kZsetZiplist:
    case rdb::kZsetListpack: return Type::kSortedSet;
    default: return Type::kHash;
  }
}

}  // namespace

bool ValueReader::knows(std::uint8_t type) {
  if (type <= rdb::kZset2 || type == rdb::kSetListpack) return true;
  if (type >= rdb::kHashZipmap && type <= rdb::kListQuicklist) return true;
  if (type >= rdb::kHashListpack && type <= rdb::kListQuicklist2) return true;
  return type >= rdb::kHashMetadataPreGa && type <= rdb::kHashListpackEx;
}

bool ValueReader::can_skip(std::uint8_t type) {
  return type == rdb::kStreamListpacks || type == rdb::kStreamListpacks2 ||
         type == rdb::kStreamListpacks3 || type == rdb::kModule2;
}

std::string_view ValueReader::name_of(std::uint8_t type) {
  switch (type) {
    case rdb::kModule:
    case rdb::kModule2: return "a module's type";
    case rdb::kStreamListpacks:
    case rdb::kStreamListpacks2:
    case rdb::kStreamListpacks3: return "a stream";
    default: return knows(type) ? "a known type" : "of no type that is known";
  }
}

bool ValueReader::read(std::uint8_t type, Keyspace& keyspace, const Key& key, Ttl ttl,
                       ItemAttributes attributes) {
  if (type == rdb::kString) {
    const std::string_view text = in_.string();
    if (in_.failed()) return false;
    keyspace.set_string(key, text, ttl, attributes);
    return true;
  }
  DetachedCell cell(keyspace.context().collections->objects());
  switch (type_of(type)) {
    case Type::kList: read_list(type, cell); break;
    case Type::kSet: read_set(type, cell); break;
    case Type::kSortedSet: read_sorted_set(type, cell); break;
    default: read_hash(type, cell);
  }
  if (in_.failed() || cell.vacant()) return false;
  keyspace.put(key, type_of(type), cell, ttl);
  return true;
}

// ---- Lists --------------------------------------------------------------------------------------

void ValueReader::read_packed(bool (*reader)(std::string_view, const Visit&), std::string_view what,
                              const Visit& visit) {
  blob_ = in_.string();
  if (in_.failed()) return;
  if (!reader(blob_, visit)) in_.fail(fmt::format("expected {}, found damaged bytes", what));
}

void ValueReader::read_list(std::uint8_t type, DetachedCell& cell) {
  List list(cell, limits_.list);
  const Visit push = [&](std::string_view text) {
    list.push(ListEnd::kBack, std::span(&text, 1));
    return true;
  };
  if (type == rdb::kListZiplist) return read_packed(read_ziplist, "a ziplist", push);
  if (type != rdb::kList) return read_nodes(type, push);
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    const std::string_view text = in_.string();
    if (!in_.failed()) push(text);
  }
}

void ValueReader::read_nodes(std::uint8_t type, const Visit& push) {
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    if (type == rdb::kListQuicklist) {
      read_packed(read_ziplist, "a ziplist", push);
      continue;
    }
    const std::uint64_t form = in_.length();
    if (form == kPlainNode) {
      const std::string_view text = in_.string();
      if (!in_.failed()) push(text);
    } else if (form == kPackedNode) {
      read_packed(read_listpack, "a listpack", push);
    } else {
      in_.fail(fmt::format("expected a list's node, plain (1) or packed (2), found {}", form));
    }
  }
}

// ---- Sets ---------------------------------------------------------------------------------------

void ValueReader::read_set(std::uint8_t type, DetachedCell& cell) {
  Set set(cell, limits_.set);
  const Visit add = [&](std::string_view text) {
    const bool is_new = set.add(SetMember(text));
    if (!is_new) in_.fail("a member of a set comes twice");
    return is_new;
  };
  if (type == rdb::kSetIntset) return read_packed(read_intset, "an intset", add);
  if (type == rdb::kSetListpack) return read_packed(read_listpack, "a listpack", add);
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    const std::string_view text = in_.string();
    if (!in_.failed()) add(text);
  }
}

// ---- Sorted sets --------------------------------------------------------------------------------

void ValueReader::add_score(DetachedCell& cell, std::string_view member, double score) {
  if (std::isnan(score)) return in_.fail("a score that is not a number");
  if (members_.size() == scores_.size()) members_.emplace_back();
  std::string& kept = members_[scores_.size()];
  kept = member;
  scores_.push_back({SetMember(kept), score});
  if (scores_.size() >= score_batch_) flush_scores(cell);
}

void ValueReader::flush_scores(DetachedCell& cell) {
  if (scores_.empty()) return;
  const auto tally = SortedSet(cell, limits_.sorted_set).put(scores_, {});
  if (tally.added != scores_.size()) in_.fail("a member of a sorted set comes twice");
  scores_.clear();
}

double ValueReader::read_score(std::uint8_t type) {
  if (type == rdb::kZset2) return in_.little_endian<double>();
  const std::uint8_t bytes = in_.byte();
  if (bytes == 253) return std::numeric_limits<double>::quiet_NaN();
  if (bytes == 254) return std::numeric_limits<double>::infinity();
  if (bytes == 255) return -std::numeric_limits<double>::infinity();
  double score = 0;
  const std::string_view text = in_.raw(bytes);
  if (!in_.failed() && !parse_double(text, score)) in_.fail("a score that is not a number");
  return score;
}

// Nothing is put before it is known whether the set will be large.
void ValueReader::read_scores(std::uint8_t type, DetachedCell& cell) {
  const SortedSetLimits& limits = limits_.sorted_set;
  const std::uint64_t count = in_.length();
  score_batch_ =
      std::max<std::size_t>(kScoreBatch, std::min<std::uint64_t>(count, limits.max_members));
  bool large = false;
  for (std::uint64_t left = count; left > 0 && !in_.failed(); --left) {
    field_ = in_.string();
    const double score = read_score(type);
    if (in_.failed()) return;
    if (!large && !limits.allow(count, field_.size())) {
      SortedSet(cell, limits).begin_large();
      large = true;
      score_batch_ = kScoreBatch;
    }
    add_score(cell, field_, score);
  }
}

void ValueReader::read_sorted_set(std::uint8_t type, DetachedCell& cell) {
  scores_.clear();
  score_batch_ = kScoreBatch;
  if (type == rdb::kZset || type == rdb::kZset2) {
    read_scores(type, cell);
  } else {
    bool has_member = false;
    const Visit add = [&](std::string_view text) {
      if (!has_member) {
        field_ = text;
        has_member = true;
        return true;
      }
      has_member = false;
      double score = 0;
      if (!parse_double(text, score)) return false;
      add_score(cell, field_, score);
      return !in_.failed();
    };
    const bool ziplist = type == rdb::kZsetZiplist;
    read_packed(ziplist ? read_ziplist : read_listpack, ziplist ? "a ziplist" : "a listpack", add);
    if (has_member) in_.fail("a member of a sorted set has no score");
  }
  if (!in_.failed()) flush_scores(cell);
}

// ---- Hashes -------------------------------------------------------------------------------------

void ValueReader::set_field(DetachedCell& cell, std::string_view field, std::string_view value,
                            std::int64_t deadline_ms) {
  if (!Hash(cell, limits_.hash).set(field, value, deadline_ms)) {
    in_.fail("a field of a hash comes twice");
  }
}

void ValueReader::read_hash(std::uint8_t type, DetachedCell& cell) {
  if (type >= rdb::kHashMetadataPreGa) return read_expiring_hash(type, cell);
  if (type == rdb::kHash) {
    for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
      field_ = in_.string();
      const std::string_view value = in_.string();
      if (!in_.failed()) set_field(cell, field_, value, kNoDeadline);
    }
    return;
  }
  bool has_field = false;
  const Visit add = [&](std::string_view text) {
    has_field = !has_field;
    if (has_field) {
      field_ = text;
    } else {
      set_field(cell, field_, text, kNoDeadline);
    }
    return !in_.failed();
  };
  switch (type) {
    case rdb::kHashZipmap: read_packed(read_zipmap, "a zipmap", add); break;
    case rdb::kHashZiplist: read_packed(read_ziplist, "a ziplist", add); break;
    default: read_packed(read_listpack, "a listpack", add);
  }
  if (has_field) in_.fail("a field of a hash has no value");
}

void ValueReader::read_expiring_hash(std::uint8_t type, DetachedCell& cell) {
  const bool has_earliest = type == rdb::kHashMetadata || type == rdb::kHashListpackEx;
  const std::int64_t earliest = has_earliest ? in_.little_endian<std::int64_t>() : 0;
  const auto valid = [](std::int64_t ms) { return ms >= 0 && ms <= FieldWakeup::kMaxMs; };
  if (!valid(earliest)) return in_.fail("a deadline out of range");

  if (type == rdb::kHashListpackEx || type == rdb::kHashListpackExPreGa) {
    int part = 0;
    const Visit add = [&](std::string_view text) {
      if (part == 0) field_ = text;
      if (part == 1) value_ = text;
      std::int64_t deadline_ms = 0;
      if (part == 2) {
        if (!parse_int64(text, deadline_ms) || !valid(deadline_ms)) return false;
        set_field(cell, field_, value_, deadline_ms);
      }
      part = (part + 1) % 3;
      return !in_.failed();
    };
    read_packed(read_listpack, "a listpack", add);
    if (part != 0) in_.fail("a field of a hash lacks its value or deadline");
    return;
  }
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    const std::uint64_t distance = in_.length();
    field_ = in_.string();
    const std::string_view value = in_.string();
    if (in_.failed()) return;
    if (distance > static_cast<std::uint64_t>(FieldWakeup::kMaxMs)) {
      return in_.fail("a deadline out of range");
    }
    std::int64_t deadline_ms = kNoDeadline;
    if (distance != 0) {
      deadline_ms = static_cast<std::int64_t>(distance) + (has_earliest ? earliest - 1 : 0);
    }
    if (!valid(deadline_ms)) return in_.fail("a deadline out of range");
    set_field(cell, field_, value, deadline_ms);
  }
}

}  // namespace tarn
