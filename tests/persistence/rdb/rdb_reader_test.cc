#include "persistence/rdb/rdb_reader.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "core/base/crc64.h"
#include "core/keyspace/collection_edit.h"
#include "core/keyspace/compression.h"
#include "core/keyspace/dataset_digest.h"
#include "core/types/detached_cell.h"
#include "core/types/list.h"
#include "persistence/io/file_sink.h"
#include "persistence/io/file_source.h"
#include "persistence/io/lz4_frame.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_writer.h"
#include "tests/persistence/rdb/rdb_bytes.h"

namespace tarn {
namespace {

// A file of version 9 without a checksum.
std::string file_of(const std::string& items) {
  return "REDIS0009" + items + bytes({255, 0, 0, 0, 0, 0, 0, 0, 0});
}

struct ReaderFixture {
  Result<RdbSummary> load(const std::string& file, const RdbReadOptions& options = {}) {
    MemorySource source(file, "file");
    return read_rdb(source, options, databases);
  }
  std::string error_of(const std::string& file) {
    const auto summary = load(file);
    return summary ? "none" : summary.error().message;
  }
  std::string string_at(std::string_view key) {
    Entry* entry = databases[0].peek(Key(key));
    return entry == nullptr ? "missing" : std::string(StringView(*entry).bytes());
  }
  Sha1::Digest digest_of(std::string_view key) {
    Entry* entry = databases[0].peek(Key(key));
    REQUIRE(entry != nullptr);
    return value_digest(*entry);
  }

  FakeClock clock;
  Databases databases{clock, 2};
};

TEST_CASE_FIXTURE(ReaderFixture, "strings: plain, and the three widths of integers") {
  REQUIRE(load(file_of(bytes({0}) + text("a") + text("one") + bytes({0}) + text("b") +
                       bytes({0xc0, 0xfb}) + bytes({0}) + text("c") + bytes({0xc1, 0x39, 0x30}) +
                       bytes({0}) + text("d") + bytes({0xc2, 0x00, 0x00, 0x01, 0x80}))));
  CHECK(string_at("a") == "one");
  CHECK(string_at("b") == "-5");
  CHECK(string_at("c") == "12345");
  CHECK(string_at("d") == "-2147418112");
}

TEST_CASE_FIXTURE(ReaderFixture, "the lists of old and new servers are the same list") {
  const std::string ziplist =
      bytes({19, 0, 0, 0, 15, 0, 0, 0, 2, 0, 0, 3, 'a', 'b', 'c', 5, 0xc0, 0x2c, 0x01, 0xff});
  std::string fixed = ziplist;
  fixed[0] = static_cast<char>(ziplist.size());
  const std::string listpack =
      bytes({15, 0, 0, 0, 2, 0, 0x83, 'a', 'b', 'c', 4, 0xc1, 0x2c, 2, 0xff});
  REQUIRE(load(file_of(bytes({1}) + text("plain") + bytes({2}) + text("abc") + text("300") +  //
                       bytes({10}) + text("zip") + text(fixed) +                              //
                       bytes({14}) + text("quick") + bytes({1}) + text(fixed) +               //
                       bytes({18}) + text("quick2") + bytes({2, 1}) + text("abc") +           //
                       bytes({1}) + text("300") +                                             //
                       bytes({18}) + text("packed") + bytes({1, 2}) + text(listpack))));
  for (const char* key : {"zip", "quick", "quick2", "packed"}) {
    CAPTURE(key);
    CHECK(digest_of(key) == digest_of("plain"));
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "the hashes of old and new servers are the same hash") {
  const std::string zipmap = bytes({1, 1, 'f', 1, 2, 'v', 0, 0, 0xff});
  const std::string ziplist = bytes({17, 0, 0, 0, 13, 0, 0, 0, 2, 0, 0, 1, 'f', 3, 1, 'v', 0xff});
  const std::string listpack = bytes({13, 0, 0, 0, 2, 0, 0x81, 'f', 2, 0x81, 'v', 2, 0xff});
  REQUIRE(load(file_of(bytes({4}) + text("plain") + bytes({1}) + text("f") + text("v") +  //
                       bytes({9}) + text("zipmap") + text(zipmap) +                       //
                       bytes({13}) + text("zip") + text(ziplist) +                        //
                       bytes({16}) + text("packed") + text(listpack))));
  for (const char* key : {"zipmap", "zip", "packed"}) {
    CAPTURE(key);
    CHECK(digest_of(key) == digest_of("plain"));
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "an intset is the set of its members; old scores are texts") {
  const std::string intset = bytes({2, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 7, 0});
  REQUIRE(load(file_of(bytes({2}) + text("plain") + bytes({2}) + text("-1") + text("7") +  //
                       bytes({11}) + text("ints") + text(intset) +                         //
                       bytes({3}) + text("z1") + bytes({2}) + text("a") + text("1.5") +    //
                       text("b") + bytes({254}) +                                          //
                       bytes({5}) + text("z2") + bytes({2}) + text("a") +                  //
                       bytes({0, 0, 0, 0, 0, 0, 0xf8, 0x3f}) + text("b") +                 //
                       bytes({0, 0, 0, 0, 0, 0, 0xf0, 0x7f}))));
  CHECK(digest_of("ints") == digest_of("plain"));
  CHECK(digest_of("z1") == digest_of("z2"));
}

// As redis-server 7.0 has it, which packs a zero without its sign.
TEST_CASE_FIXTURE(ReaderFixture, "a score of -0 keeps its sign in a set that is large") {
  const std::string minus_zero = bytes({0, 0, 0, 0, 0, 0, 0, 0x80});
  const std::string zero = text("zero") + minus_zero;
  std::string many;
  for (int i = 0; i < 128; ++i) many += text("m" + std::to_string(i)) + minus_zero;
  const std::string long_one = bytes({0x40, 65}) + std::string(65, 'x') + minus_zero;
  std::string ninety;
  for (int i = 0; i < 90; ++i) ninety += text("m" + std::to_string(i)) + minus_zero;
  REQUIRE(load(file_of(bytes({5}) + text("few") + bytes({1}) + zero +                  //
                       bytes({5}) + text("many") + bytes({0x40, 129}) + zero + many +  //
                       bytes({5}) + text("long") + bytes({0x40, 92}) + zero + ninety + long_one)));
  const auto signed_zero = [&](std::string_view key) {
    const SortedSetView set(databases[0].peek(Key(key))->collection_view());
    return std::signbit(*set.score(SetMember("zero")));
  };
  CHECK_FALSE(signed_zero("few"));
  CHECK(signed_zero("many"));
  CHECK(signed_zero("long"));
}

TEST_CASE_FIXTURE(ReaderFixture, "an empty collection is left out, what follows is not") {
  const auto summary =
      load(file_of(bytes({1}) + text("k") + bytes({0}) + bytes({0}) + text("b") + text("2")));
  REQUIRE(summary);
  CHECK(summary->keys == 1);
  CHECK(string_at("k") == "missing");
  CHECK(string_at("b") == "2");
}

TEST_CASE_FIXTURE(ReaderFixture, "messages say where, of which key, and what is wrong") {
  CHECK(error_of("GARBAGE00000") ==
        "file: at offset 9: expected \"REDIS\" and a version: this is no RDB file");
  CHECK(error_of("REDIS0099xxx") ==
        "file: at offset 9: expected an RDB file of version 1 to 12, found version 99");
  CHECK(error_of("REDIS0009") == "file: at offset 9: the file ends too early");
  CHECK(error_of(file_of(bytes({254, 5}))) ==
        "file: at offset 11: database 5 is needed, and there are 2: raise the option databases");
  CHECK(error_of(file_of(bytes({0}) + text("a") + text("1") + bytes({0}) + text("a") +
                         text("2"))) == "file: at offset 17: key \"a\" comes twice in database 0");
  CHECK(error_of(file_of(bytes({2}) + text("s") + bytes({2}) + text("m") + text("m"))) ==
        "file: at offset 17: key \"s\": a member of a set comes twice");
  CHECK(error_of(file_of(bytes({15}) + text("stream"))).find("\"stream\" is a stream") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(ReaderFixture, "a file that ends within a value names its key") {
  const auto error_after_key = [&](const std::string& rest) {
    databases.flush_all();
    return error_of("REDIS0009" + bytes({0}) + text("a") + text("1") + rest);
  };
  CHECK(error_after_key(bytes({0}) + text("b")) ==
        "file: at offset 17: key \"b\": the file ends too early");
  CHECK(error_after_key(bytes({0}) + text("b") + bytes({5}) + "val") ==
        "file: at offset 18: key \"b\": the file ends too early");
  CHECK(error_after_key(bytes({1}) + text("list") + bytes({2}) + text("x")) ==
        "file: at offset 23: key \"list\": the file ends too early");
  // Nor is the value of one that has expired nobody's.
  CHECK(error_after_key(bytes({253, 1, 0, 0, 0, 1}) + text("old") + bytes({2})) ==
        "file: at offset 25: key \"old\": the file ends too early");
  // What is between two keys is neither's.
  CHECK(error_after_key(bytes({0, 5}) + "n") == "file: at offset 16: the file ends too early");
  // A long key is cut.
  CHECK(error_after_key(bytes({0, 0x40, 66}) + std::string(66, 'k')) ==
        "file: at offset 83: key \"" + std::string(64, 'k') + "\"...: the file ends too early");
}

TEST_CASE_FIXTURE(ReaderFixture, "a claimed length is not believed") {
  for (const int type : {0, 1, 2, 3, 4, 5, 10, 18}) {
    CAPTURE(type);
    CHECK_FALSE(
        load(file_of(bytes({type}) + text("k") + bytes({0x81, 0x10, 0, 0, 0, 0, 0, 0, 0}))));
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "nor is it where the value is passed over, as its time is over") {
  for (const int type : {0, 1, 2, 3, 4, 5, 10, 18}) {
    CAPTURE(type);
    CHECK_FALSE(load(file_of(bytes({253, 1, 0, 0, 0}) + bytes({type}) + text("k") +
                             bytes({0x81, 0x80, 0, 0, 0, 0, 0, 0, 0}))));
  }
}

// A small dataset of several types.
void fill(Databases& databases) {
  databases[0].set_string(Key("string"), "value of some length", Ttl::none());
  databases[0].set_integer(Key("number"), 12345, Ttl::until(1'800'000'000'000));
  for (const auto& [key, type] : {std::pair("set", Type::kSet), std::pair("zset", Type::kSortedSet),
                                  std::pair("list", Type::kList), std::pair("hash", Type::kHash)}) {
    DetachedCell cell(databases.context().collections->objects());
    const ValueLimits limits;
    for (const std::string_view member : {"one", "two", "3"}) {
      if (type == Type::kSet) Set(cell, limits.set).add(SetMember(member));
      if (type == Type::kList) List(cell, limits.list).push(ListEnd::kBack, std::span(&member, 1));
      if (type == Type::kHash) Hash(cell, limits.hash).set(member, "v");
      const MemberScore scored{SetMember(member), 1.5};
      if (type == Type::kSortedSet) {
        SortedSet(cell, limits.sorted_set).put(std::span(&scored, 1), {});
      }
    }
    databases[1].put(Key(key), type, cell, Ttl::none());
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "client flags and staleness of items come back") {
  databases[0].set_string(Key("flags"), "small", Ttl::none(), {.client_flags = 4294967295});
  databases[0].set_string(Key("large"), std::string(100'000, 'x'), Ttl::none(),
                          {.client_flags = 5});
  databases[0].set_string(Key("stale"), "7", Ttl::none())->mark_stale();
  databases[0].set_string(Key("plain"), "plain", Ttl::none());
  std::string file;
  MemorySink sink(file);
  REQUIRE(write_rdb(databases, {}, sink));
  databases.flush_all();
  REQUIRE(load(file));
  const auto at = [&](std::string_view key) -> const Entry& {
    return *databases[0].peek(Key(key));
  };
  CHECK(at("flags").client_flags() == 4294967295);
  CHECK(at("large").client_flags() == 5);
  CHECK_FALSE(at("large").stale());
  CHECK(at("stale").stale());
  CHECK(at("stale").client_flags() == 0);
  CHECK(at("plain").client_flags() == 0);
  CHECK_FALSE(at("plain").stale());
  CHECK(error_of(file_of(bytes({250}) + text("mc-flags") + text("4294967296"))).find("32 bits") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(ReaderFixture, "what was written is read again, in every form") {
  fill(databases);
  for (const bool lz4 : {false, true}) {
    for (const auto strings : {RdbStringCompression::kNone, RdbStringCompression::kLzf}) {
      std::string file;
      MemorySink memory(file);
      Lz4Sink frame(memory);
      ByteSink& sink = lz4 ? static_cast<ByteSink&>(frame) : memory;
      REQUIRE(write_rdb(databases, {.strings = strings}, sink));
      REQUIRE(sink.finish());
      Databases again(clock, 2);
      MemorySource source(file, "file");
      const auto summary = read_rdb(source, {}, again);
      REQUIRE(summary);
      CHECK(summary->keys == 6);
      CHECK(dataset_digest(again) == dataset_digest(databases));
      CHECK(again[0].peek(Key("number"))->deadline_ms() == 1'800'000'000'000);
    }
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "what is compressed in the keyspace is plain in the file") {
  const std::string text(3000, 'x');
  databases[0].set_string(Key("string"), text, Ttl::until(1'800'000'000'000));
  {
    CollectionEdit edit(databases[0], Key("list"), Type::kList);
    const ListLimits limits;
    List list(edit, limits);
    for (int i = 0; i < 12; ++i) list.push(ListEnd::kBack, PackedProbe("the same element"));
    edit.commit(12);
  }
  clock.advance_ms(60'000);
  CompressionWalk walk(databases);
  while (walk.step(64).more) {
  }
  REQUIRE(databases.compressed().values == 2);
  std::string file;
  MemorySink sink(file);
  REQUIRE(write_rdb(databases, {}, sink));
  CHECK(databases.compressed().values == 2);
  const Sha1::Digest digest = dataset_digest(databases);
  databases.flush_all();
  REQUIRE(load(file));
  CHECK(databases.compressed().values == 0);
  CHECK(dataset_digest(databases) == digest);
  CHECK(ListView(databases[0].peek(Key("list"))->collection_view()).size() == 12);
}

TEST_CASE_FIXTURE(ReaderFixture, "every cut and every changed byte of a file is found") {
  fill(databases);
  std::string file;
  MemorySink memory(file);
  REQUIRE(write_rdb(databases, {}, memory));
  for (std::size_t size = 0; size < file.size(); ++size) {
    CAPTURE(size);
    Databases again(clock, 2);
    MemorySource source(std::string_view(file).substr(0, size), "file");
    CHECK_FALSE(read_rdb(source, {}, again));
  }
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const char flip : {'\x01', '\x40', '\xff'}) {
      CAPTURE(at);
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      Databases again(clock, 2);
      MemorySource source(damaged, "file");
      // A version below 5 has no checksum; then the data must be right, or not load.
      const auto summary = read_rdb(source, {}, again);
      if (summary) CHECK(dataset_digest(again) == dataset_digest(databases));
    }
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "an LZ4 frame without its end is found") {
  fill(databases);
  std::string file;
  MemorySink memory(file);
  Lz4Sink frame(memory);
  REQUIRE(write_rdb(databases, {}, frame));
  REQUIRE(frame.finish());
  for (std::size_t cut = 1; cut < 20; ++cut) {
    CAPTURE(cut);
    Databases again(clock, 2);
    MemorySource source(std::string_view(file).substr(0, file.size() - cut), "file");
    CHECK_FALSE(read_rdb(source, {}, again));
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "a payload without its checksum is refused") {
  databases[0].set_string(Key("a"), "value", Ttl::none());
  std::string payload = dump_payload(*databases[0].peek(Key("a")));
  CHECK(check_payload(payload));
  payload.replace(payload.size() - 8, 8, 8, '\0');
  CHECK_FALSE(check_payload(payload));
}

TEST_CASE_FIXTURE(ReaderFixture, "a payload has the client flags and the staleness of an item") {
  const auto carried = [&](std::string_view key) -> const Entry& {
    const std::string payload = dump_payload(*databases[0].peek(Key(key)));
    REQUIRE(restore_payload(payload, {}, databases[1], Key(key), Ttl::none()));
    return *databases[1].peek(Key(key));
  };
  databases[0].set_string(Key("flags"), "small", Ttl::none(), {.client_flags = 4294967295});
  CHECK(carried("flags").client_flags() == 4294967295);
  CHECK_FALSE(carried("flags").stale());
  databases[0].set_string(Key("both"), std::string(100'000, 'x'), Ttl::none(), {.client_flags = 5});
  databases[0].make_stale(Key("both"));
  CHECK(carried("both").client_flags() == 5);
  CHECK(carried("both").stale());
  // Somebody was to make it, who does not know the copy.
  databases[0].set_string(Key("awaited"), std::string_view(""), Ttl::none())->mark_won();
  CHECK(carried("awaited").stale());
  CHECK_FALSE(carried("awaited").won());

  databases[0].set_string(Key("plain"), "v", Ttl::none());
  CHECK(dump_payload(*databases[0].peek(Key("plain"))).size() == 3 + rdb::kPayloadTrailerBytes);
}

TEST_CASE_FIXTURE(ReaderFixture, "nothing but whole fields stands behind the value of a payload") {
  const auto restores = [&](const std::string& behind) {
    std::string payload = bytes({0}) + text("value") + behind + bytes({10, 0});
    const std::uint64_t checksum = crc64(0, payload);
    payload.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
    databases[0].erase(Key("k"));
    const bool restored{restore_payload(payload, {}, databases[0], Key("k"), Ttl::none())};
    CHECK(restored == databases[0].contains(Key("k")));
    return restored;
  };
  CHECK(restores(""));
  CHECK(restores(bytes({250}) + text("mc-flags") + text("7")));
  CHECK(restores(bytes({250}) + text("of a later version") + text("7")));
  CHECK_FALSE(restores(bytes({250})));
  CHECK_FALSE(restores(bytes({250}) + text("mc-flags")));
  CHECK_FALSE(restores(bytes({250}) + text("mc-flags") + text("4294967296")));
  CHECK_FALSE(restores(bytes({249, 7})));
}

}  // namespace
}  // namespace tarn
