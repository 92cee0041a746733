#include "persistence/aof/aof_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "persistence/aof/annotation.h"
#include "persistence/aof/aof_reader.h"
#include "persistence/aof/padding.h"
#include "tests/support/temporary_directory.h"

namespace tarn {
namespace {

std::string resp(std::initializer_list<std::string_view> args) {
  std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string_view arg : args) {
    bytes += "$" + std::to_string(arg.size()) + "\r\n" + std::string(arg) + "\r\n";
  }
  return bytes;
}

std::string changed(std::string bytes, std::size_t at, char bits) {
  bytes[at] = static_cast<char>(bytes[at] ^ bits);
  return bytes;
}

class Recorder final : public CommandSink {
 public:
  Result<> on_command(std::span<const std::string_view> args) override {
    std::string text;
    for (const std::string_view arg : args) text += (text.empty() ? "" : " ") + std::string(arg);
    commands.push_back(std::move(text));
    return {};
  }
  std::vector<std::string> commands;
};

struct LogFixture {
  std::string path(const std::string& name) const { return directory.path() + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& path_to, std::string_view bytes) {
    std::ofstream(path_to, std::ios::binary) << bytes;
  }
  // Until the helper has nothing to do.
  void settle() {
    while (log.sync_in_progress()) {
      log.poll();
      ::usleep(200);
    }
  }
  void commit(std::initializer_list<std::string_view> args) {
    log.append(resp(args));
    log.commit(now_ms);
  }
  // What is read of a segment with these bytes, and how many commands of it ran.
  struct ReadBack {
    AofSegment segment;
    std::size_t commands;
  };
  ReadBack read_back(std::string_view bytes) {
    write(path("segment"), bytes);
    Recorder recorder;
    auto segment = read_aof_segment(path("segment"), {}, recorder);
    REQUIRE(segment);
    return {std::move(*segment), recorder.commands.size()};
  }

  TemporaryDirectory directory;
  std::int64_t now_ms = 1'700'000'000'000;
  AofLog log{[] {}};
};

TEST_CASE_FIXTURE(LogFixture, "what was committed is read back in its batches") {
  REQUIRE(log.start(path("1"), 41, now_ms));
  commit({"SET", "a", "1"});
  log.append(resp({"SET", "b", "#TARN seq=1\r\n"}));
  commit({"DEL", "a"});
  CHECK(log.sequence() == 43);
  REQUIRE(log.close(now_ms));

  Recorder recorder;
  const auto segment = read_aof_segment(path("1"), {}, recorder);
  REQUIRE(segment);
  CHECK(segment->end == AofSegment::End::kWhole);
  CHECK(segment->first_sequence == 41);
  CHECK(segment->sequence == 43);
  CHECK(segment->batches == 2);
  CHECK(recorder.commands == std::vector<std::string>{"SET a 1", "SET b #TARN seq=1\r\n", "DEL a"});
}

TEST_CASE_FIXTURE(LogFixture, "under always a batch is safe after its sync, not before") {
  log.sync = AofSync::kAlways;
  REQUIRE(log.start(path("1"), 0, now_ms));
  commit({"SET", "a", "1"});
  CHECK(log.safe_sequence() == 0);
  // These two gather while the first is written, and share a sync.
  commit({"SET", "a", "2"});
  commit({"SET", "a", "3"});
  CHECK(log.safe_sequence() == 0);
  settle();
  CHECK(log.safe_sequence() == 3);
}

// As redis-server reads a file: commands, and lines of less than 128 bytes that begin with '#'.
bool is_all_commands_and_comments(std::string_view bytes) {
  constexpr std::size_t kMostLineBytes = 127;
  while (!bytes.empty()) {
    const std::size_t line = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    const char mark = bytes[0];
    if (line > kMostLineBytes || (mark != '#' && mark != '*' && mark != '$')) return false;
    std::size_t argument = 0;
    if (mark == '$') argument = std::stoul(std::string(bytes.substr(1, line - 3))) + 2;
    bytes.remove_prefix(line + argument);
  }
  return true;
}

TEST_CASE_FIXTURE(LogFixture,
                  "under always the file ends in comments, for the next to be written") {
  log.sync = AofSync::kAlways;
  REQUIRE(log.start(path("1"), 0, now_ms));
  std::vector<std::string> written;
  const auto write_one = [&](std::size_t size) {
    commit({"SET", "a", std::string(size, 'x')});
    written.push_back("SET a " + std::string(size, 'x'));
    settle();
  };
  write_one(1);  // after which room is reserved
  std::size_t same_size = 0;
  std::size_t size_before = 0;
  for (std::size_t i = 0; i < 700; ++i) {
    CAPTURE(i);
    write_one(i % 300);
    const std::string bytes = content(path("1"));
    REQUIRE(is_all_commands_and_comments(bytes));
    if (std::exchange(size_before, bytes.size()) == bytes.size()) ++same_size;
    Recorder recorder;
    const auto segment = read_aof_segment(path("1"), {}, recorder);
    REQUIRE(segment);
    REQUIRE(segment->end == AofSegment::End::kWhole);
    REQUIRE(segment->sequence == written.size());
    REQUIRE(recorder.commands == written);
    REQUIRE(is_padding(std::string_view(bytes).substr(segment->good_bytes)));
    REQUIRE(bytes.ends_with("#\n"));
  }
  CHECK(same_size > 650);
  write_one(1 << 20);
  CHECK(content(path("1")).ends_with("\r\n"));  // too large for it to be worth it
  write_one(1);
  CHECK(content(path("1")).ends_with("##\n"));

  SUBCASE("which goes when the segment ends") {
    REQUIRE(log.rotate(path("2"), now_ms));
    settle();
    CHECK(content(path("1")).ends_with("\r\n"));
  }
  SUBCASE("or the log") {
    REQUIRE(log.close(now_ms));
    CHECK(content(path("1")).ends_with("\r\n"));
  }
  SUBCASE("and is written over under another policy, too") {
    log.sync = AofSync::kEverySecond;
    for (std::size_t i = 0; i < 200; ++i) {
      CAPTURE(i);
      commit({"SET", "a", std::string(i, 'x')});
      const std::string bytes = content(path("1"));
      REQUIRE(is_all_commands_and_comments(bytes));
      REQUIRE(bytes.ends_with('\n'));
    }
    log.tick(now_ms + 1000);
    settle();
    log.tick(now_ms + 2000);
    REQUIRE(is_all_commands_and_comments(content(path("1"))));
    Recorder recorder;
    const auto segment = read_aof_segment(path("1"), {}, recorder);
    REQUIRE(segment);
    CHECK(segment->end == AofSegment::End::kWhole);
    CHECK(segment->sequence == written.size() + 200);
    CHECK(segment->safe == written.size() + 200);
  }
}

TEST_CASE_FIXTURE(LogFixture, "the owner says when what has gathered under always is synced") {
  int asked = 0;
  log.on_gathered = [&] { ++asked; };
  log.sync = AofSync::kAlways;
  REQUIRE(log.start(path("1"), 0, now_ms));
  commit({"SET", "a", "1"});
  commit({"SET", "a", "2"});
  CHECK(asked == 2);
  CHECK_FALSE(log.sync_in_progress());
  CHECK(log.written_sequence() == 0);

  log.begin_sync();
  commit({"SET", "a", "3"});
  log.begin_sync();  // The helper is busy with the first two.
  CHECK(asked == 2);
  settle();
  CHECK(log.safe_sequence() == 2);
  CHECK(asked == 3);
  log.begin_sync();
  settle();
  CHECK(log.safe_sequence() == 3);
  log.begin_sync();
  CHECK_FALSE(log.sync_in_progress());
}

TEST_CASE_FIXTURE(LogFixture,
                  "under everysec a batch is in the file at once, and safe within a second") {
  REQUIRE(log.start(path("1"), 0, now_ms));
  commit({"SET", "a", "1"});
  CHECK(content(path("1")).find("$1\r\n1\r\n") != std::string::npos);
  log.tick(now_ms + 500);
  settle();
  CHECK(log.safe_sequence() == 0);
  log.tick(now_ms + 1000);
  settle();
  CHECK(log.safe_sequence() == 1);
}

TEST_CASE_FIXTURE(LogFixture,
                  "without syncs no batch is said to be safe, so what is lost of them is torn") {
  log.sync = AofSync::kNo;
  REQUIRE(log.start(path("1"), 0, now_ms));
  commit({"SET", "a", "1"});
  commit({"SET", "a", "2"});
  CHECK(log.safe_sequence() == 2);
  CHECK(content(path("1")).find("seq=2 bytes=27 safe=0 ") != std::string::npos);
}

TEST_CASE_FIXTURE(LogFixture, "segments follow each other") {
  for (const AofSync sync : {AofSync::kAlways, AofSync::kEverySecond, AofSync::kNo}) {
    AofLog rotating([] {});
    rotating.sync = sync;
    REQUIRE(rotating.start(path("1"), 7, now_ms));
    rotating.append(resp({"SET", "a", "1"}));
    rotating.commit(now_ms);
    while (rotating.sync_in_progress()) rotating.poll();
    REQUIRE(rotating.can_rotate());
    REQUIRE(rotating.rotate(path("2"), now_ms));
    rotating.append(resp({"SET", "a", "2"}));
    rotating.commit(now_ms);
    REQUIRE(rotating.close(now_ms));
    Recorder recorder;
    const auto first = read_aof_segment(path("1"), {}, recorder);
    const auto second = read_aof_segment(path("2"), {}, recorder);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->sequence == 8);
    CHECK(second->first_sequence == 8);
    CHECK(second->sequence == 9);
    CHECK(recorder.commands == std::vector<std::string>{"SET a 1", "SET a 2"});
  }
}

TEST_CASE_FIXTURE(LogFixture, "a write that fails is made good when there is room again") {
  for (const AofSync sync : {AofSync::kAlways, AofSync::kEverySecond, AofSync::kNo}) {
    CAPTURE(static_cast<int>(sync));
    AofLog failing([] {});
    failing.sync = sync;
    REQUIRE(failing.start(path("1"), 0, now_ms));
    const auto settle_it = [&] {
      while (failing.sync_in_progress()) failing.poll();
    };
    // Beyond this size, files cannot grow.
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit low = before;
    low.rlim_cur = 400;
    ::setrlimit(RLIMIT_FSIZE, &low);
    failing.append(resp({"SET", "a", std::string(1000, 'x')}));
    failing.commit(now_ms);
    settle_it();
    CHECK(failing.failure());
    failing.append(resp({"SET", "b", "2"}));
    failing.commit(now_ms);
    failing.tick(now_ms + 100);
    settle_it();
    CHECK(failing.failure());
    CHECK(failing.written_sequence() == 0);
    ::setrlimit(RLIMIT_FSIZE, &before);
    failing.tick(now_ms + 200);
    settle_it();
    CHECK_FALSE(failing.failure());
    CHECK(failing.written_sequence() == 2);
    REQUIRE(failing.close(now_ms));
    Recorder recorder;
    const auto segment = read_aof_segment(path("1"), {}, recorder);
    REQUIRE(segment);
    CHECK(segment->end == AofSegment::End::kWhole);
    CHECK(recorder.commands ==
          std::vector<std::string>{"SET a " + std::string(1000, 'x'), "SET b 2"});
  }
}

// A log of a few batches, and where each ends.
struct SmallLog {
  std::string bytes;
  std::vector<std::size_t> ends;
  std::vector<std::size_t> commands_until;
};

SmallLog small_log(std::uint64_t safe_lag) {
  SmallLog log;
  ChecksumChain chain;
  log.bytes = print_annotation({}, {}, chain);
  log.ends.push_back(log.bytes.size());
  log.commands_until.push_back(0);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    std::string batch = resp({"MULTI"}) + resp({"SET", "k", std::to_string(i)}) + resp({"EXEC"});
    Annotation annotation{.sequence = i, .bytes = batch.size(), .time_ms = 1000};
    annotation.safe = i > safe_lag ? i - safe_lag : 0;
    log.bytes += batch;
    log.bytes += print_annotation(annotation, batch, chain);
    log.ends.push_back(log.bytes.size());
    log.commands_until.push_back(i * 3);
  }
  return log;
}

TEST_CASE_FIXTURE(LogFixture, "a log cut anywhere gives whole batches, and says where they end") {
  const SmallLog small = small_log(1);
  for (std::size_t size = 0; size < small.bytes.size(); ++size) {
    CAPTURE(size);
    const auto [segment, commands] = read_back(small.bytes.substr(0, size));
    std::size_t whole = 0;
    while (whole + 1 < small.ends.size() && small.ends[whole + 1] <= size) ++whole;
    const bool any = size >= small.ends[0];
    CHECK(commands == (any ? small.commands_until[whole] : 0));
    CHECK(segment.good_bytes == (any ? small.ends[whole] : 0));
    const bool exact = size == 0 || (any && small.ends[whole] == size);
    CHECK((segment.end == AofSegment::End::kWhole) == exact);
    CHECK(segment.end != AofSegment::End::kRot);
  }
}

TEST_CASE_FIXTURE(LogFixture, "padding behind a log is part of it, wherever it begins and ends") {
  const SmallLog small = small_log(1);
  for (std::size_t size = small.bytes.size() + 2; size < small.bytes.size() + 300; ++size) {
    CAPTURE(size);
    const auto [segment, commands] =
        read_back(small.bytes + make_padding(small.bytes.size(), size));
    CHECK(segment.end == AofSegment::End::kWhole);
    CHECK(segment.good_bytes == small.bytes.size());
    CHECK(commands == small.commands_until.back());
  }
}

TEST_CASE_FIXTURE(LogFixture, "a batch of which only the beginning is there is torn") {
  const SmallLog small = small_log(1);
  const std::size_t last = small.ends[small.ends.size() - 2];
  for (std::size_t begin = last; begin < small.bytes.size() - 2; ++begin) {
    const std::size_t end = small.bytes.size() + 200;
    for (const std::string& before : {make_padding(last, end), std::string(end - last, '\0')}) {
      CAPTURE(begin);
      const auto [segment, commands] =
          read_back(small.bytes.substr(0, begin) + before.substr(begin - last));
      const bool nothing = begin == last && before[0] == '#';
      CHECK(segment.end == (nothing ? AofSegment::End::kWhole : AofSegment::End::kTorn));
      CHECK(segment.good_bytes == last);
      CHECK(commands == small.commands_until[small.ends.size() - 2]);
    }
  }
}

TEST_CASE_FIXTURE(LogFixture, "a changed byte is rot, in the last batch, too") {
  // Whether the lines claim that batches were safe, or, as with appendfsync no, nothing.
  for (const std::uint64_t safe_lag : {1U, 10U}) {
    const SmallLog small = small_log(safe_lag);
    const std::size_t size = small.bytes.size();
    for (const std::string& behind : {std::string(), make_padding(size, size + 200)}) {
      for (std::size_t at = 0; at < size; ++at) {
        for (const char flip : {'\x01', '\x20', '\x80'}) {
          CAPTURE(safe_lag);
          CAPTURE(at);
          const auto [segment, commands] = read_back(changed(small.bytes + behind, at, flip));
          std::size_t whole = 0;
          while (whole + 1 < small.ends.size() && small.ends[whole + 1] <= at) ++whole;
          const bool in_first_line = at < small.ends[0];
          CHECK(commands == (in_first_line ? 0 : small.commands_until[whole]));
          CHECK(segment.end == AofSegment::End::kRot);
        }
      }
    }
  }
}

TEST_CASE_FIXTURE(LogFixture, "a changed value or line is rot where only a torn batch follows") {
  const SmallLog small = small_log(1);
  const std::size_t last = small.ends[small.ends.size() - 2];
  const std::size_t value = small.bytes.find("\r\n5\r\n", last) + 2;
  const std::size_t line = small.bytes.find("#TARN", last);
  const std::string torn = resp({"SET", "torn", "1"}).substr(0, 20);
  for (std::size_t at = value; at < small.bytes.size() - 2; at = std::max(at + 1, line)) {
    CAPTURE(at);
    const AofSegment segment = read_back(changed(small.bytes + torn, at, 1)).segment;
    CHECK(segment.end == AofSegment::End::kRot);
    CHECK(segment.good_bytes == last);
  }
}

TEST_CASE_FIXTURE(LogFixture, "a value that looks like the line of its batch does not end it") {
  ChecksumChain chain;
  const std::string header = print_annotation({}, {}, chain);
  const std::string before = resp({"SET", "k", "1"}) + "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$200\r\n";
  ChecksumChain other = chain;
  const std::string value =
      print_annotation({.sequence = 1, .bytes = before.size()}, before, other) +
      std::string(100, 'x');
  for (std::size_t size = 1; size < value.size(); ++size) {
    if (value[size - 1] == '\n') continue;  // what is torn just there is taken for a line
    CAPTURE(size);
    const auto [segment, commands] = read_back(header + before + value.substr(0, size));
    CHECK(segment.good_bytes == header.size());
    CHECK(commands == 0);
    CHECK(segment.end == AofSegment::End::kTorn);
  }
}

TEST_CASE_FIXTURE(LogFixture,
                  "the line that ends a log makes a changed byte of its last batch rot") {
  SmallLog small = small_log(1);
  ChecksumChain chain{.first = *checksum_at_end({small.bytes.data(), small.ends[0]}),
                      .last = *checksum_at_end(small.bytes)};
  const std::string line = print_annotation({.sequence = 5, .safe = 5}, {}, chain);
  for (std::size_t at = small.ends[4]; at < small.bytes.size(); ++at) {
    CAPTURE(at);
    const AofSegment segment = read_back(changed(small.bytes + line, at, 1)).segment;
    CHECK(segment.end == AofSegment::End::kRot);
    CHECK(segment.good_bytes == small.ends[4]);
  }
}

TEST_CASE_FIXTURE(LogFixture, "a block that never reached the disk is torn, whatever follows it") {
  const std::string large(2000, 'x');
  ChecksumChain chain;
  std::string whole = print_annotation({}, {}, chain);
  std::size_t first_end = 0;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::string batch = resp({"SET", "k", large});
    whole += batch + print_annotation({.sequence = i, .bytes = batch.size()}, batch, chain);
    if (i == 1) first_end = whole.size();
  }
  // Blocks of 512 bytes: one in the midst of the second batch, and the one in which it begins.
  const std::size_t next_block = (first_end / 512 + 1) * 512;
  const std::string padding = make_padding(first_end, whole.size());
  for (const std::size_t begin : {first_end, next_block, next_block + 512}) {
    const std::size_t end = (begin / 512 + 1) * 512;
    for (const std::string& before : {std::string(padding.size(), '\0'), padding}) {
      CAPTURE(begin);
      std::string damaged = whole;
      damaged.replace(begin, end - begin, before, begin - first_end, end - begin);
      const auto [segment, commands] = read_back(damaged);
      CHECK(segment.end == AofSegment::End::kTorn);
      CHECK(segment.good_bytes == first_end);
      CHECK(commands == 1);
    }
  }
}

TEST_CASE_FIXTURE(LogFixture, "reading stops at a batch, and leaves out what is known") {
  const SmallLog small = small_log(1);
  write(path("log"), small.bytes);
  Recorder some;
  const auto segment =
      read_aof_segment(path("log"), {.known_sequence = 1, .last_sequence = 3}, some);
  REQUIRE(segment);
  CHECK(segment->end == AofSegment::End::kStopped);
  CHECK(segment->good_bytes == small.ends[3]);
  CHECK(some.commands ==
        std::vector<std::string>{"MULTI", "SET k 2", "EXEC", "MULTI", "SET k 3", "EXEC"});
}

TEST_CASE_FIXTURE(LogFixture, "a file of redis-server ends with its last whole command") {
  const std::string whole = resp({"SELECT", "0"}) + "#TS:1700000000\r\n" + resp({"SET", "a", "1"});
  for (const std::string& tail :
       {std::string("*2\r\n$3\r\nDE"), resp({"MULTI"}) + resp({"SET", "a", "2"})}) {
    write(path("foreign"), whole + tail);
    Recorder recorder;
    const auto segment = read_aof_segment(path("foreign"), {}, recorder);
    REQUIRE(segment);
    CHECK(segment->end == AofSegment::End::kTorn);
    CHECK(segment->good_bytes == whole.size());
    CHECK(recorder.commands == std::vector<std::string>{"SELECT 0", "SET a 1"});
  }
}

}  // namespace
}  // namespace tarn
