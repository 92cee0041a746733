#include "persistence/aof/command_writer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "persistence/aof/annotation.h"
#include "persistence/aof/aof_reader.h"
#include "persistence/io/file_sink.h"

namespace tarn {
namespace {

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 4};

  std::string base() {
    std::string bytes;
    MemorySink sink(bytes);
    REQUIRE(write_commands(databases, position, timestamps, sink).ok());
    return bytes;
  }
  // Without the lines that stand around batches.
  std::string commands() {
    std::string bytes = base();
    for (std::size_t at; (at = bytes.find(kAnnotationMark)) != std::string::npos;) {
      bytes.erase(at, bytes.find('\n', at) + 1 - at);
    }
    return bytes;
  }

  BasePosition position{.sequence = 7, .time_ms = 1'764'297'912'345};
  bool timestamps = false;
};

// A base in a file of its own, as it is read again.
struct BaseFile {
  explicit BaseFile(const std::string& bytes) {
    char pattern[] = "/tmp/tarn-base-XXXXXX";
    ::close(::mkstemp(pattern));
    path = pattern;
    std::ofstream(path) << bytes;
  }
  ~BaseFile() { std::remove(path.c_str()); }

  AofSegment read() const {
    IgnoringSink sink;
    const auto segment = read_aof_segment(path, {.is_base = true}, sink);
    REQUIRE(segment);
    return *segment;
  }

  std::string path;
};

struct FullSink final : ByteSink {
  Result<> write(std::string_view) override {
    ++writes;
    return Error{"no room"};
  }
  int writes = 0;
};

TEST_CASE_FIXTURE(Fixture, "nothing makes no commands") { CHECK(commands().empty()); }

TEST_CASE_FIXTURE(Fixture, "strings, numbers and deadlines, each in its database") {
  databases[0].set_string(Key("k"), "a\r\nb", Ttl::none());
  databases[3].set_string(Key("n"), "-12", Ttl::until(99'000'000'000'000));
  CHECK(commands() ==
        "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n"
        "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
        "*3\r\n$3\r\nSET\r\n$1\r\nn\r\n$3\r\n-12\r\n"
        "*3\r\n$9\r\nPEXPIREAT\r\n$1\r\nn\r\n$14\r\n99000000000000\r\n");
}

TEST_CASE_FIXTURE(Fixture, "many keys come in several pieces, and none is lost") {
  const std::string value(1000, 'v');
  for (int i = 0; i < 500; ++i) {
    databases[0].set_string(Key("key:" + std::to_string(i)), value, Ttl::none());
  }
  const std::string bytes = commands();
  for (int i = 0; i < 500; ++i) {
    CHECK(bytes.find("key:" + std::to_string(i) + "\r\n$1000\r\n" + value + "\r\n") !=
          std::string::npos);
  }
  CHECK(std::count(bytes.begin(), bytes.end(), '*') == 501);
}

TEST_CASE_FIXTURE(Fixture, "the 65th element begins another command") {
  std::string expected = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*66\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n";
  {
    CollectionEdit edit(databases[0], Key("l"), Type::kList);
    List list(edit, {});
    for (int i = 100; i < 165; ++i) {
      const std::string element = "e" + std::to_string(i);
      const std::string_view texts[] = {element};
      list.push(ListEnd::kBack, texts);
      if (i == 164) expected += "*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n";
      expected += "$4\r\n" + element + "\r\n";
    }
    edit.commit(65);
  }
  CHECK(commands() == expected);
}

TEST_CASE_FIXTURE(Fixture, "members of sets, small and large") {
  for (const int members : {64, 3000}) {
    databases.flush_all();
    CollectionEdit edit(databases[0], Key("s"), Type::kSet);
    Set set(edit, {});
    for (int i = 0; i < members; ++i) set.add(SetMember("m" + std::to_string(i)));
    edit.commit(static_cast<std::size_t>(members));
    const std::string bytes = commands();
    for (int i = 0; i < members; ++i) {
      CHECK(bytes.find("\r\nm" + std::to_string(i) + "\r\n") != std::string::npos);
    }
    CHECK(std::count(bytes.begin(), bytes.end(), '*') == 1 + (members + 63) / 64);
  }
}

TEST_CASE_FIXTURE(Fixture, "fields of hashes, and their deadlines after them") {
  CollectionEdit edit(databases[0], Key("h"), Type::kHash);
  const HashLimits limits;
  Hash hash(edit, limits);
  hash.set("f", "v");
  hash.set("g", "w", 99'000'000'000'000);
  edit.commit(2);
  const std::string bytes = commands();
  CHECK(bytes.starts_with("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*6\r\n$5\r\nHMSET\r\n$1\r\nh\r\n"));
  CHECK(bytes.find("$1\r\nf\r\n$1\r\nv\r\n") != std::string::npos);
  CHECK(bytes.find("$1\r\ng\r\n$1\r\nw\r\n") != std::string::npos);
  CHECK(
      bytes.ends_with("*6\r\n$10\r\nHPEXPIREAT\r\n$1\r\nh\r\n$14\r\n99000000000000\r\n"
                      "$6\r\nFIELDS\r\n$1\r\n1\r\n$1\r\ng\r\n"));
}

TEST_CASE_FIXTURE(Fixture, "scores are written to the last bit") {
  CollectionEdit edit(databases[0], Key("z"), Type::kSortedSet);
  SortedSet set(edit, {});
  set.increment(SetMember("a"), 0.1, {});
  set.increment(SetMember("b"), std::numeric_limits<double>::infinity(), {});
  edit.commit(2);
  CHECK(commands() ==
        "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*6\r\n$4\r\nZADD\r\n$1\r\nz\r\n"
        "$19\r\n0.10000000000000001\r\n$1\r\na\r\n$3\r\ninf\r\n$1\r\nb\r\n");
}

TEST_CASE_FIXTURE(Fixture, "a base says where it stands in the log") {
  position.left = 5;
  const auto read = position_of_base(BaseFile(base()).path);
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->sequence == 7);
  CHECK((*read)->time_ms == 1'764'297'912'345);
  CHECK((*read)->left == 5);
}

TEST_CASE_FIXTURE(Fixture, "redis-server's line with the time stands before the commands") {
  timestamps = true;
  databases[0].set_string(Key("k"), "v", Ttl::none());
  CHECK(commands().starts_with("#TS:1764297912\r\n*2\r\n$6\r\nSELECT\r\n"));
}

TEST_CASE_FIXTURE(Fixture, "no byte of a base can change, nor its end be missing, unnoticed") {
  databases[0].set_string(Key("k"), "v", Ttl::none());
  const std::string whole = base();
  CHECK(BaseFile(whole).read().end == AofSegment::End::kWhole);
  CHECK(BaseFile(whole).read().commands == 2);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CAPTURE(i);
    CHECK(BaseFile(changed).read().end == AofSegment::End::kRot);
    if (i == 0) continue;
    CHECK(BaseFile(whole.substr(0, i)).read().end != AofSegment::End::kWhole);
  }
}

TEST_CASE_FIXTURE(Fixture, "a sink that fails is left alone") {
  const std::string value(100'000, 'v');
  for (int i = 0; i < 10; ++i) {
    databases[0].set_string(Key("key:" + std::to_string(i)), value, Ttl::none());
  }
  FullSink sink;
  const Result<> result = write_commands(databases, position, timestamps, sink);
  REQUIRE(!result.ok());
  CHECK(result.error().message == "no room");
  CHECK(sink.writes == 1);
}

}  // namespace
}  // namespace tarn
