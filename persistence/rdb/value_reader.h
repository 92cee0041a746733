#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/types/detached_cell.h"
#include "persistence/rdb/rdb_decoder.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {

// Reads values, of all types and in all encodings that Redis's files have had, and makes them
// values of ours. Nothing of a value is believed: duplicates, empty collections, scores that are no
// numbers, and packed bytes that are not what they should be fail the decoder.
class ValueReader {
 public:
  ValueReader(RdbDecoder& in, const ValueLimits& limits) : in_(in), limits_(limits) {}

  // Whether there are values of this type here. Others can only be skipped, or not even that.
  static bool knows(std::uint8_t type);
  static bool can_skip(std::uint8_t type);
  // What messages call it.
  static std::string_view name_of(std::uint8_t type);

  // Reads a value and puts it under the key; nothing is put where the decoder fails, or where the
  // value is an empty collection. Returns whether it was put. The attributes are for strings.
  // REQUIRES: knows(type)
  bool read(std::uint8_t type, Keyspace& keyspace, const Key& key, Ttl ttl,
            ItemAttributes attributes = {});
  // REQUIRES: knows(type) or can_skip(type)
  void skip(std::uint8_t type);

 private:
  using Visit = std::function<bool(std::string_view text)>;

  void skip_stream(std::uint8_t type);
  void skip_stream_group(std::uint8_t type);
  void skip_module();

  void read_list(std::uint8_t type, DetachedCell& cell);
  void read_nodes(std::uint8_t type, const Visit& push);
  void read_set(std::uint8_t type, DetachedCell& cell);
  void read_sorted_set(std::uint8_t type, DetachedCell& cell);
  void read_scores(std::uint8_t type, DetachedCell& cell);
  void add_score(DetachedCell& cell, std::string_view member, double score);
  void flush_scores(DetachedCell& cell);
  double read_score(std::uint8_t type);
  void read_hash(std::uint8_t type, DetachedCell& cell);
  void read_expiring_hash(std::uint8_t type, DetachedCell& cell);
  void set_field(DetachedCell& cell, std::string_view field, std::string_view value,
                 std::int64_t deadline_ms);
  void read_packed(bool (*reader)(std::string_view, const Visit&), std::string_view what,
                   const Visit& visit);

  RdbDecoder& in_;
  const ValueLimits& limits_;
  std::string field_;
  std::string value_;
  std::string blob_;  // packed bytes, while they are read
  // Members of a sorted set that wait to be put together.
  std::deque<std::string> members_;
  std::vector<MemberScore> scores_;
  std::size_t score_batch_ = 0;
};

}  // namespace tarn
