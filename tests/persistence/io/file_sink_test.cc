#include "persistence/io/file_sink.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tarn {
namespace {

struct OpenFile {
  OpenFile() {
    path = (std::filesystem::temp_directory_path() / "tarn-sink-XXXXXX").string();
    fd = ::mkstemp(path.data());
    REQUIRE(fd >= 0);
  }
  ~OpenFile() {
    ::close(fd);
    std::filesystem::remove(path);
  }
  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  std::string path;
  int fd = -1;
};

// Bytes that are the same nowhere near.
std::string pattern(std::size_t size) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < size; ++i) text += std::to_string(i * 2'654'435'761u);
  text.resize(size);
  return text;
}

TEST_CASE_FIXTURE(OpenFile, "what is written in pieces of any size is in the file, in order") {
  constexpr std::size_t kBuffer = FileSink::kBufferBytes;
  std::string expected;
  FileSink sink(fd, path);
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{0}, kBuffer - 1, std::size_t{1}, kBuffer, kBuffer + 1,
        std::size_t{100}, 3 * kBuffer, kBuffer - 100, std::size_t{101}}) {
    const std::string piece = pattern(size);
    expected += piece;
    REQUIRE(sink.write(piece));
  }
  REQUIRE(sink.finish());
  CHECK(content() == expected);
}

TEST_CASE_FIXTURE(OpenFile, "syncing on the way changes nothing of it") {
  const std::string text = pattern(3 * FileSink::kBufferBytes);
  FileSink sink(fd, path, 1000);
  for (std::size_t at = 0; at < text.size(); at += 4096) {
    REQUIRE(sink.write(std::string_view(text).substr(at, 4096)));
  }
  REQUIRE(sink.finish());
  CHECK(content() == text);
}

TEST_CASE_FIXTURE(OpenFile, "the file is open afterwards, and goes on where it was") {
  REQUIRE(::write(fd, "before ", 7) == 7);
  {
    FileSink sink(fd, path);
    REQUIRE(sink.write("within "));
    REQUIRE(sink.finish());
  }
  REQUIRE(::write(fd, "after", 5) == 5);
  CHECK(content() == "before within after");
}

TEST_CASE("a full disk is told, at the latest at the end") {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  const std::string wanted = "Cannot write the snapshot: No space left on device";
  FileSink small(fd, "the snapshot");
  REQUIRE(small.write("fits into the buffer"));
  const auto finished = small.finish();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().message == wanted);

  FileSink large(fd, "the snapshot");
  const auto written = large.write(pattern(FileSink::kBufferBytes + 1));
  REQUIRE_FALSE(written);
  CHECK(written.error().message == wanted);
  ::close(fd);
}

TEST_CASE("what cannot be synced is told") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  FileSink sink(ends[1], "a pipe", 1);
  REQUIRE(sink.write("x"));
  const auto finished = sink.finish();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().message == "Cannot sync a pipe: Invalid argument");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace tarn
