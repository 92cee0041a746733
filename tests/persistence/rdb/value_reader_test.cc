#include "persistence/rdb/value_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/base/crc64.h"
#include "persistence/io/file_source.h"
#include "persistence/rdb/rdb_format.h"
#include "tests/persistence/rdb/rdb_bytes.h"

namespace tarn {
namespace {

using Texts = std::vector<std::string>;
using Scores = std::vector<std::pair<std::string, double>>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kDeadlineMs = 4'102'444'800'000;  // 2100

struct ValueFixture {
  // Puts the value under "k"; returns what went wrong.
  std::string restore(int type, const std::string& value) {
    std::string payload = bytes({type}) + value + bytes({9, 0});
    payload += little_endian(crc64(0, payload), 8);
    databases[0].erase(Key("k"));
    const auto restored = restore_payload(payload, {}, databases[0], Key("k"), Ttl::none());
    if (!restored) CHECK(entry() == nullptr);
    return restored ? "" : restored.error().message;
  }
  Entry* entry() { return databases[0].peek(Key("k")); }
  Entry& of_type(Type type) {
    REQUIRE(entry() != nullptr);
    REQUIRE(entry()->type() == type);
    return *entry();
  }

  Texts list() {
    Texts texts;
    PackedElement::Scratch scratch;
    ListView(of_type(Type::kList).collection_view()).for_each([&](const PackedElement& element) {
      texts.emplace_back(element.text(scratch));
    });
    return texts;
  }
  Texts set() {
    Texts texts;
    SetMember::Scratch scratch;
    SetView(of_type(Type::kSet).collection_view()).for_each([&](const SetMember& member) {
      texts.emplace_back(member.text(scratch));
    });
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  Scores sorted_set() {
    Scores scores;
    SetMember::Scratch scratch;
    const SortedSetView view(of_type(Type::kSortedSet).collection_view());
    view.for_each(view.all(), [&](const SetMember& member, double score) {
      scores.emplace_back(member.text(scratch), score);
    });
    return scores;
  }
  // "field=value", and "@deadline" where there is one.
  Texts hash() {
    Texts texts;
    const auto add = [&](std::string_view field, std::string_view value, std::int64_t deadline) {
      texts.push_back(std::string(field) + "=" + std::string(value));
      if (deadline != kNoDeadline) texts.back() += "@" + std::to_string(deadline);
    };
    HashView(of_type(Type::kHash).collection_view()).for_each(add);
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  FakeClock clock;
  Databases databases{clock, 2};
};

constexpr auto kBad = "Bad data format";

// ---- Lists --------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(ValueFixture, "a linked list: strings, some of them integers, some compressed") {
  // LZF: a literal of one byte, then nine bytes from one back; 10 bytes from 5.
  const std::string compressed = bytes({0xc3, 5, 10, 0x00, 'a', 0xe0, 0x00, 0x00});
  REQUIRE(restore(rdb::kList, bytes({5}) + text("one") + bytes({0xc0, 0xff}) +
                                  bytes({0xc1, 0x00, 0x80}) + bytes({0xc2, 0, 0, 0, 0x80}) +
                                  compressed) == "");
  CHECK(list() == Texts{"one", "-1", "-32768", "-2147483648", "aaaaaaaaaa"});
}

TEST_CASE_FIXTURE(ValueFixture, "lengths of strings in one, two, five and nine bytes") {
  const std::string middle(300, 'm');
  const std::string large(20'000, 'l');
  REQUIRE(restore(rdb::kList, bytes({0x80, 0, 0, 0, 4}) + text("s") + text(middle) + text(large) +
                                  bytes({0x81, 0, 0, 0, 0, 0, 0, 0, 2}) + "xy") == "");
  CHECK(list() == Texts{"s", middle, large, "xy"});
}

TEST_CASE_FIXTURE(ValueFixture, "a ziplist, and a list of several") {
  const std::string one = ziplist_string(bytes({0, 0x01, 'a', 3, 0xf2}), 2, 3);
  const std::string two = ziplist_string(bytes({0, 0xfe, 0x80}), 1, 0);
  REQUIRE(restore(rdb::kListZiplist, one) == "");
  CHECK(list() == Texts{"a", "1"});
  REQUIRE(restore(rdb::kListQuicklist, bytes({3}) + one + two + one) == "");
  CHECK(list() == Texts{"a", "1", "-128", "a", "1"});
  // A node without elements is none.
  REQUIRE(restore(rdb::kListQuicklist, bytes({2}) + ziplist_string("", 0, 0) + one) == "");
  CHECK(list() == Texts{"a", "1"});
}

TEST_CASE_FIXTURE(ValueFixture, "a list of plain and of packed nodes") {
  const std::string large(9000, 'x');
  REQUIRE(restore(rdb::kListQuicklist2, bytes({3, 2}) + listpack_string(bytes({0x81, 'a', 2}), 1) +
                                            bytes({1}) + text(large) + bytes({2}) +
                                            listpack_string(bytes({0xdf, 0xff, 2}), 1)) == "");
  CHECK(list() == Texts{"a", large, "-1"});
  CHECK(restore(rdb::kListQuicklist2, bytes({1, 3}) + text("a")) == kBad);
}

// ---- Sets ---------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(ValueFixture, "sets: strings, integers of three widths, a listpack") {
  REQUIRE(restore(rdb::kSet, bytes({3}) + text("a") + text("01") + bytes({0xc0, 1})) == "");
  CHECK(set() == Texts{"01", "1", "a"});
  for (const unsigned width : {2u, 4u, 8u}) {
    CAPTURE(width);
    const std::string ints = little_endian(width, 4) + little_endian(2, 4) +
                             little_endian(static_cast<std::uint64_t>(-5), width) +
                             little_endian(300, width);
    REQUIRE(restore(rdb::kSetIntset, text(ints)) == "");
    CHECK(set() == Texts{"-5", "300"});
  }
  REQUIRE(restore(rdb::kSetListpack, listpack_string(bytes({0x81, 'a', 2, 7, 1}), 2)) == "");
  CHECK(set() == Texts{"7", "a"});
  CHECK(restore(rdb::kSetListpack, listpack_string(bytes({7, 1, 7, 1}), 2)) == kBad);
  CHECK(restore(rdb::kSetListpack, listpack_string(bytes({7, 1, 0x81, '7', 2}), 2)) == kBad);
}

// ---- Sorted sets --------------------------------------------------------------------------------

TEST_CASE_FIXTURE(ValueFixture, "scores as text: a length and digits; 254 and 255 are infinities") {
  REQUIRE(restore(rdb::kZset, bytes({5}) + text("a") + text("1.5") + text("b") + bytes({254}) +
                                  text("c") + bytes({255}) + text("d") + text("-1e300") +
                                  text("e") + text("0.10000000000000001")) == "");
  CHECK(sorted_set() ==
        Scores{{"c", -kInfinity}, {"d", -1e300}, {"e", 0.1}, {"a", 1.5}, {"b", kInfinity}});
  // 253 is what is not a number, which no score is.
  CHECK(restore(rdb::kZset, bytes({1}) + text("a") + bytes({253})) == kBad);
  for (const char* score : {"", "x", "1x", "nan", "1 "}) {
    CAPTURE(score);
    CHECK(restore(rdb::kZset, bytes({1}) + text("a") + text(score)) == kBad);
  }
}

TEST_CASE_FIXTURE(ValueFixture, "scores as the eight bytes of a double") {
  REQUIRE(restore(rdb::kZset2, bytes({5}) + text("a") +
                                   bytes({0, 0, 0, 0, 0, 0, 0xf8, 0x3f}) +              // 1.5
                                   text("b") + bytes({0, 0, 0, 0, 0, 0, 0xf0, 0x7f}) +  // infinity
                                   text("c") + bytes({0, 0, 0, 0, 0, 0, 0xf0, 0xff}) +  // -infinity
                                   text("d") + bytes({1, 0, 0, 0, 0, 0, 0, 0}) +        // the least
                                   text("e") + bytes({0, 0, 0, 0, 0, 0, 0, 0x80})) == "");  // -0
  CHECK(sorted_set() ==
        Scores{{"c", -kInfinity}, {"e", 0}, {"d", 5e-324}, {"a", 1.5}, {"b", kInfinity}});
  CHECK(restore(rdb::kZset2, bytes({1}) + text("a") + bytes({0, 0, 0, 0, 0, 0, 0xf8, 0x7f})) ==
        kBad);
}

TEST_CASE_FIXTURE(ValueFixture,
                  "packed: member and score in turn, whichever way the score is put") {
  // Scores: 3 as a number, 1.5, inf
  REQUIRE(
      restore(rdb::kZsetZiplist,
              ziplist_string(bytes({0, 0x01, 'a', 3, 0x03, '1', '.', '5', 5, 0x01, 'b', 3, 0xf4}) +
                                 bytes({2, 0x01, 'c', 3, 0x03, 'i', 'n', 'f'}),
                             6, 16)) == "");
  CHECK(sorted_set() == Scores{{"a", 1.5}, {"b", 3}, {"c", kInfinity}});
  REQUIRE(restore(rdb::kZsetListpack,
                  listpack_string(bytes({0x81, 'a', 2, 0x83, '1', '.', '5', 4, 0x81, 'b', 2, 3, 1}),
                                  4)) == "");
  CHECK(sorted_set() == Scores{{"a", 1.5}, {"b", 3}});
  CHECK(restore(rdb::kZsetListpack, listpack_string(bytes({0x81, 'a', 2}), 1)) == kBad);
  CHECK(restore(rdb::kZsetListpack, listpack_string(bytes({0x81, 'a', 2, 0x81, 'x', 2}), 2)) ==
        kBad);
  CHECK(restore(rdb::kZsetListpack,
                listpack_string(bytes({0x81, 'a', 2, 1, 1, 0x81, 'a', 2, 2, 1}), 4)) == kBad);
}

// ---- Hashes -------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(ValueFixture, "hashes: strings, zipmap, ziplist, listpack") {
  REQUIRE(restore(rdb::kHash, bytes({2}) + text("f") + text("v") + text("") + bytes({0xc0, 5})) ==
          "");
  CHECK(hash() == Texts{"=5", "f=v"});
  const std::string long_field(300, 'f');
  REQUIRE(restore(rdb::kHashZipmap, text(bytes({1, 254, 0x2c, 1, 0, 0}) + long_field +
                                         bytes({1, 2, 'v', '.', '.', 0xff}))) == "");
  CHECK(hash() == Texts{long_field + "=v"});
  REQUIRE(restore(rdb::kHashZiplist, ziplist_string(bytes({0, 0x01, 'f', 3, 0xfe, 0x40}), 2, 3)) ==
          "");
  CHECK(hash() == Texts{"f=64"});
  REQUIRE(restore(rdb::kHashListpack, listpack_string(bytes({0x81, 'f', 2, 0x40, 1}), 2)) == "");
  CHECK(hash() == Texts{"f=64"});
  CHECK(restore(rdb::kHashListpack, listpack_string(bytes({0x81, 'f', 2}), 1)) == kBad);
  CHECK(restore(rdb::kHashZiplist, ziplist_string(bytes({0, 0x01, 'f'}), 1, 0)) == kBad);
  CHECK(restore(rdb::kHash, bytes({2}) + text("f") + text("v") + text("f") + text("w")) == kBad);
}

// A deadline as the digits of a listpack's element.
std::string packed_digits(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return bytes({0x80 | static_cast<int>(digits.size())}) + digits +
         bytes({static_cast<int>(digits.size()) + 1});
}

TEST_CASE_FIXTURE(ValueFixture, "fields' deadlines: from the earliest on, or as such before 7.4") {
  const std::string from_earliest = bytes({3, 0}) + text("a") + text("1") + bytes({1}) + text("b") +
                                    text("2") + bytes({0x43, 0xe9}) + text("c") + text("3");
  REQUIRE(restore(rdb::kHashMetadata, little_endian(kDeadlineMs, 8) + from_earliest) == "");
  CHECK(hash() == Texts{"a=1", "b=2@4102444800000", "c=3@4102444801000"});

  // 4,102,444,800,000 = 0x3bb2cc3d800
  REQUIRE(
      restore(rdb::kHashMetadataPreGa, bytes({2, 0}) + text("a") + text("1") +
                                           bytes({0x81, 0, 0, 0x03, 0xbb, 0x2c, 0xc3, 0xd8, 0}) +
                                           text("b") + text("2")) == "");
  CHECK(hash() == Texts{"a=1", "b=2@4102444800000"});

  const std::string packed =
      bytes({0x81, 'b', 2, 2, 1}) + packed_digits(kDeadlineMs) + bytes({0x81, 'a', 2, 1, 1, 0, 1});
  REQUIRE(restore(rdb::kHashListpackEx,
                  little_endian(kDeadlineMs, 8) + listpack_string(packed, 6)) == "");
  CHECK(hash() == Texts{"a=1", "b=2@4102444800000"});
  REQUIRE(restore(rdb::kHashListpackExPreGa, listpack_string(packed, 6)) == "");
  CHECK(hash() == Texts{"a=1", "b=2@4102444800000"});
}

TEST_CASE_FIXTURE(ValueFixture, "fields' deadlines that cannot be are refused") {
  const std::string one_field = bytes({1, 1}) + text("a") + text("1");
  REQUIRE(restore(rdb::kHashMetadata, little_endian(kDeadlineMs, 8) + one_field) == "");
  CHECK(restore(rdb::kHashMetadata, little_endian(~std::uint64_t{0}, 8) + one_field) == kBad);
  CHECK(restore(rdb::kHashMetadata, little_endian(std::uint64_t{1} << 63, 8) + one_field) == kBad);
  CHECK(restore(rdb::kHashMetadataPreGa, bytes({1, 0x81, 255, 255, 255, 255, 255, 255, 255, 255}) +
                                             text("a") + text("1")) == kBad);
  for (const std::string& element :
       {bytes({0x81, 'x', 2}), bytes({0xdf, 0xff, 2}), bytes({0x80, 1}),
        bytes({0xf4, 255, 255, 255, 255, 255, 255, 255, 0x7f, 9})}) {
    const std::string packed = bytes({0x81, 'a', 2, 1, 1}) + element;
    CHECK(restore(rdb::kHashListpackExPreGa, listpack_string(packed, 3)) == kBad);
  }
  CHECK(restore(rdb::kHashListpackExPreGa, listpack_string(bytes({0x81, 'a', 2, 1, 1}), 2)) ==
        kBad);
}

// ---- All ----------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(ValueFixture, "a payload that holds nothing, too much, or what is not here") {
  for (const int type : {rdb::kList, rdb::kSet, rdb::kZset, rdb::kHash, rdb::kZset2,
                         rdb::kListQuicklist, rdb::kListQuicklist2}) {
    CAPTURE(type);
    CHECK(restore(type, bytes({0})) == kBad);
    CHECK(restore(type, "") == kBad);
  }
  CHECK(restore(rdb::kHashZipmap, text(bytes({0, 0xff}))) == kBad);
  CHECK(restore(rdb::kSetIntset, text(bytes({2, 0, 0, 0, 0, 0, 0, 0}))) == kBad);
  CHECK(restore(rdb::kListZiplist, ziplist_string("", 0, 0)) == kBad);
  CHECK(restore(rdb::kHashListpack, listpack_string("", 0)) == kBad);
  REQUIRE(restore(rdb::kString, text("a")) == "");
  CHECK(restore(rdb::kString, text("a") + "x") == kBad);
  for (const int type : {6, 7, 8, 15, 19, 21, 26, 100, 255}) {
    CAPTURE(type);
    CHECK(restore(type, text("a")) == kBad);
  }
}

// ---- What is left out ---------------------------------------------------------------------------

struct SkipFixture : ValueFixture {
  Result<RdbSummary> load(const std::string& items, bool skip_unknown) {
    file = "REDIS0011" + items + bytes({255, 0, 0, 0, 0, 0, 0, 0, 0});
    MemorySource source(file, "file");
    RdbReadOptions options;
    options.skip_unknown = skip_unknown;
    options.on_warning = [this](const std::string& message) { warnings.push_back(message); };
    return read_rdb(source, options, databases);
  }
  // Whether, when unknown things are left out, the key "k" behind these is found.
  void is_left_out(const std::string& items, const std::string& warning) {
    const std::string with_key = items + bytes({rdb::kString}) + text("k") + text("v");
    const auto refused = load(with_key, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("rdb-skip-unknown yes") != std::string::npos);
    const auto summary = load(with_key, true);
    REQUIRE_MESSAGE(summary.ok(), summary.error().message);
    CHECK(summary->skipped == 1);
    CHECK(summary->keys == 1);
    CHECK(StringView(of_type(Type::kString)).bytes() == "v");
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0] == warning);
  }

  std::string file;
  Texts warnings;
};

// A stream of one node, with a group that has one entry pending and one consumer. What the three
// forms have is marked by the form that brought it.
std::string stream(int type) {
  const std::string id(16, 'i');
  const std::string pending = id + std::string(8, 't') + bytes({1});
  std::string value = bytes({1}) + text(id) + text("the listpack is not looked at");
  value += bytes({1, 0x41, 0x00, 0});                                           // length, last ID
  if (type != rdb::kStreamListpacks) value += bytes({0x41, 0x00, 0, 0, 0, 1});  // first ... added
  value += bytes({1}) + text("group") + bytes({0x41, 0x00, 0});
  if (type != rdb::kStreamListpacks) value += bytes({1});  // entries read
  value += bytes({1}) + pending;
  value += bytes({1}) + text("consumer") + std::string(8, 't');
  if (type == rdb::kStreamListpacks3) value += std::string(8, 'a');
  return value + bytes({1}) + id;
}

TEST_CASE_FIXTURE(SkipFixture, "streams of all three forms") {
  int type = rdb::kStreamListpacks;
  SUBCASE("of Redis 5") { type = rdb::kStreamListpacks; }
  SUBCASE("of Redis 7.0") { type = rdb::kStreamListpacks2; }
  SUBCASE("of Redis 7.2") { type = rdb::kStreamListpacks3; }
  is_left_out(bytes({type}) + text("events") + stream(type),
              "file: left out key \"events\", a stream");
}

TEST_CASE_FIXTURE(SkipFixture, "a module's value: every part says what it is") {
  const std::string id = bytes({0x81, 1, 2, 3, 4, 5, 6, 7, 8});
  const std::string parts = bytes({1, 0x45, 0x00}) +             // signed: 1280
                            bytes({2, 7}) +                      // unsigned
                            bytes({3}) + std::string(4, '\0') +  // float
                            bytes({4}) + std::string(8, '\0') +  // double
                            bytes({5}) + text("a string") +      //
                            bytes({5, 0xc0, 1}) +                // one that is an integer
                            bytes({0});
  is_left_out(bytes({rdb::kModule2}) + text("m") + id + parts,
              "file: left out key \"m\", a module's type");
}

TEST_CASE_FIXTURE(SkipFixture, "what a module keeps beside the keys, and a library of functions") {
  SUBCASE("module") {
    const std::string id = bytes({0x81, 1, 2, 3, 4, 5, 6, 7, 8});
    is_left_out(bytes({rdb::kModuleAux}) + id + bytes({2, 1, 5}) + text("x") + bytes({0}),
                "file: left out data of a module");
  }
  SUBCASE("functions") {
    is_left_out(bytes({rdb::kFunction}) + text("#!lua name=lib"),
                "file: left out a library of functions");
  }
}

TEST_CASE_FIXTURE(SkipFixture, "a deadline of what is left out is not that of the next key") {
  const std::string items = bytes({rdb::kExpireMs}) + little_endian(kDeadlineMs, 8) +
                            bytes({rdb::kStreamListpacks2}) + text("events") +
                            stream(rdb::kStreamListpacks2) + bytes({rdb::kString}) + text("k") +
                            text("v");
  REQUIRE(load(items, true));
  CHECK_FALSE(of_type(Type::kString).has_deadline());
}

TEST_CASE_FIXTURE(SkipFixture, "a value whose end cannot be found is refused all the same") {
  const std::string items = bytes({rdb::kModule}) + text("m") + bytes({1, 2, 3});
  const auto summary = load(items, true);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().message.find("\"m\" is a module's type, in a form whose end cannot be "
                                     "found") != std::string::npos);
  const std::string unknown_part =
      bytes({rdb::kModule2}) + text("m") + bytes({1, 6, 0}) + bytes({0});
  CHECK_FALSE(load(unknown_part, true));
}

}  // namespace
}  // namespace tarn
