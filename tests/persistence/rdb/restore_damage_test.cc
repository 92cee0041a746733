// Payloads of RESTORE that are damaged, and have a checksum that fits all the same. Each is
// refused, and nothing is put, or it is a value, which can be read, written and restored again.

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/crc64.h"
#include "core/keyspace/dataset_digest.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_reader.h"
#include "persistence/rdb/rdb_writer.h"
#include "tests/persistence/rdb/rdb_bytes.h"

namespace tarn {
namespace {

constexpr std::int64_t kDeadlineMs = 1'800'000'000'000;

struct Sample {
  int type;
  std::string value;
};

// A value of each type in each form that files have had.
std::vector<Sample> samples() {
  const std::string zip = ziplist_string(
      bytes({0, 0x01, 'a', 3, 0xf2, 2, 0xfe, 0x80, 3, 0xc0, 0x2c, 1}) +
          bytes({4, 0xf0, 1, 2, 3, 5, 0xd0, 1, 2, 3, 4}) + bytes({6, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8}),
      7, 23);
  const std::string pairs = ziplist_string(
      bytes({0, 0x01, 'f', 3, 0x03, '1', '.', '5'}) + bytes({5, 0x01, 'g', 254, 3, 0, 0, 0, 0xf3}),
      4, 11);
  const std::string long_text(70, 'x');
  const std::string large = bytes({0x40, 70}) + long_text;
  const std::string pack = listpack_string(
      bytes({0x81, 'a', 2, 5, 1, 0xc1, 0x2c, 2, 0xf1, 1, 2, 3}) +
          bytes({0xf4, 1, 2, 3, 4, 5, 6, 7, 8, 9}) + bytes({0xe0, 3, 'x', 'y', 'z', 5}),
      6);
  const std::string packed_pairs =
      listpack_string(bytes({0x81, 'f', 2, 0x83, '1', '.', '5', 4, 0x81, 'g', 2, 3, 1}), 4);
  const std::string fields_with_deadlines = bytes({3, 0}) + text("a") + text("1") + bytes({1}) +
                                            text("b") + large + bytes({0x43, 0xe9}) + text("c") +
                                            bytes({0xc0, 7});
  const std::string packed_deadlines =
      listpack_string(bytes({0x81, 'b', 2, 2, 1}) + bytes({0xf4}) + little_endian(kDeadlineMs, 8) +
                          bytes({9, 0x81, 'a', 2, 1, 1, 0, 1}),
                      6);
  const std::string earliest = little_endian(kDeadlineMs, 8);
  return {
      {rdb::kString, text("a text")},
      {rdb::kString, large},
      {rdb::kString, bytes({0xc0, 5})},
      {rdb::kString, bytes({0xc1, 5, 1})},
      {rdb::kString, bytes({0xc2, 5, 1, 1, 1})},
      // LZF: four bytes, then ten from one back, and ten from six back
      {rdb::kString, bytes({0xc3, 11, 24, 0x03, 'a', 'b', 'c', 'd', 0xe0, 1, 0, 0xe0, 1, 5})},
      {rdb::kList, bytes({3}) + text("a") + bytes({0xc0, 1}) + large},
      {rdb::kListZiplist, zip},
      {rdb::kListQuicklist, bytes({2}) + zip + pairs},
      {rdb::kListQuicklist2, bytes({3, 2}) + pack + bytes({1}) + large + bytes({2}) + pack},
      {rdb::kSet, bytes({3}) + text("a") + bytes({0xc0, 1}) + large},
      {rdb::kSetIntset, text(bytes({2, 0, 0, 0, 3, 0, 0, 0, 0, 0x80, 1, 0, 2, 0}))},
      {rdb::kSetIntset, text(bytes({4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0}))},
      {rdb::kSetIntset, text(bytes({8, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}))},
      {rdb::kSetListpack, pack},
      {rdb::kZset,
       bytes({3}) + text("a") + text("1.5") + text("b") + bytes({254}) + large + bytes({255})},
      {rdb::kZset2, bytes({2}) + text("a") + little_endian(0x3ff8ull << 48, 8) + large +
                        little_endian(0x7ff0ull << 48, 8)},
      {rdb::kZsetZiplist, pairs},
      {rdb::kZsetListpack, packed_pairs},
      {rdb::kHash, bytes({2}) + text("f") + large + text("g") + bytes({0xc0, 1})},
      {rdb::kHashZipmap, text(bytes({2, 1, 'f', 2, 2, 'v', 'w', '.', '.', 254, 1, 0, 0, 0, 'g'}) +
                              bytes({1, 0, 'x', 0xff}))},
      {rdb::kHashZiplist, pairs},
      {rdb::kHashListpack, packed_pairs},
      {rdb::kHashMetadata, earliest + fields_with_deadlines},
      {rdb::kHashMetadataPreGa, fields_with_deadlines},
      {rdb::kHashListpackEx, earliest + packed_deadlines},
      {rdb::kHashListpackExPreGa, packed_deadlines},
  };
}

std::string payload_of(std::string_view value) {
  std::string payload = std::string(value) + bytes({12, 0});
  return payload + little_endian(crc64(0, payload), 8);
}

// With limits so small that every collection of more than one element is large.
ValueLimits small_limits() {
  ValueLimits limits;
  limits.set = {.max_intset_entries = 1, .max_packed_entries = 1, .max_packed_value_bytes = 1};
  limits.hash = {.max_packed_entries = 1, .max_packed_value_bytes = 1};
  limits.sorted_set = {.max_members = 1, .max_member_bytes = 1};
  return limits;
}

// Restores values, and looks at what it gets.
class Subject {
 public:
  explicit Subject(ValueLimits limits) : limits_(limits) {}

  // Whether the value was taken.
  bool try_value(std::string_view value) {
    const Key key("k");
    const auto restored =
        restore_payload(payload_of(value), limits_, databases_[0], key, Ttl::none());
    Entry* entry = databases_[0].peek(key);
    if (!restored) {
      CHECK(entry == nullptr);
      CHECK(restored.error().message == "Bad data format");
      return false;
    }
    // Fields whose time has passed go when the key is opened, and a hash of no others with them.
    if (databases_[0].find(key) != nullptr) check_restorable(key);
    databases_[0].erase(key);
    CHECK(dataset_digest(databases_) == Sha1::Digest{});
    return true;
  }

 private:
  void check_restorable(const Key& key) {
    const Entry& entry = *databases_[0].peek(key);
    const Sha1::Digest digest = value_digest(entry);
    const auto again = restore_payload(dump_payload(entry), {}, databases_[1], key, Ttl::none());
    REQUIRE_MESSAGE(again.ok(), again.error().message);
    CHECK(value_digest(*databases_[1].peek(key)) == digest);
    databases_[1].erase(key);
  }

  const ValueLimits limits_;
  FakeClock clock_;  // before the deadlines
  Databases databases_{clock_, 2};
};

template <class Fn>
void for_all(Fn&& fn) {
  for (const ValueLimits& limits : {ValueLimits{}, small_limits()}) {
    Subject subject(limits);
    for (const Sample& sample : samples()) {
      CAPTURE(sample.type);
      const std::string value = bytes({sample.type}) + sample.value;
      REQUIRE(subject.try_value(value));
      fn(subject, value);
    }
  }
}

TEST_CASE("no part of a payload is taken for the whole") {
  for_all([](Subject& subject, const std::string& value) {
    for (std::size_t size = 0; size < value.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(subject.try_value(std::string_view(value).substr(0, size)));
    }
    CHECK_FALSE(subject.try_value(value + "x"));
    CHECK_FALSE(subject.try_value(value + '\0'));
  });
}

TEST_CASE("a payload with one other byte is refused, or a value") {
  for_all([](Subject& subject, std::string value) {
    for (std::size_t at = 0; at < value.size(); ++at) {
      const char right = value[at];
      for (int other = 0; other < 256; ++other) {
        CAPTURE(at);
        CAPTURE(other);
        value[at] = static_cast<char>(other);
        subject.try_value(value);
      }
      value[at] = right;
    }
  });
}

TEST_CASE("a payload that lacks a byte, or has one twice, is refused, or a value") {
  for_all([](Subject& subject, const std::string& value) {
    for (std::size_t at = 0; at < value.size(); ++at) {
      CAPTURE(at);
      subject.try_value(value.substr(0, at) + value.substr(at + 1));
      subject.try_value(value.substr(0, at) + value.substr(at, 1) + value.substr(at));
    }
  });
}

}  // namespace
}  // namespace tarn
