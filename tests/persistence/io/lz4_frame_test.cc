#include "persistence/io/lz4_frame.h"

#include <doctest/doctest.h>

#include <string>

#include "core/base/random.h"
#include "persistence/io/file_sink.h"
#include "persistence/io/file_source.h"

namespace tarn {
namespace {

std::string compress(std::string_view bytes) {
  std::string frame;
  MemorySink memory(frame);
  Lz4Sink sink(memory);
  REQUIRE(sink.write(bytes.substr(0, bytes.size() / 3)));
  REQUIRE(sink.write(bytes.substr(bytes.size() / 3)));
  REQUIRE(sink.finish());
  return frame;
}

Result<std::string> expand(std::string_view frame) {
  MemorySource memory(frame, "frame");
  Lz4Source source(memory, {});
  std::string bytes;
  char buffer[1000];
  for (;;) {
    const auto count = source.read(buffer);
    if (!count) return count.error();
    bytes.append(buffer, *count);
    if (*count < sizeof buffer) return bytes;
  }
}

std::string some_text(std::size_t size) {
  Rng rng(7);
  std::string text;
  while (text.size() < size) text += "key:" + std::to_string(rng.below(1000)) + ",";
  return text;
}

TEST_CASE("what was written comes back") {
  for (const std::size_t size : {0U, 1U, 1000U, 300'000U, 3'000'000U}) {
    const std::string text = some_text(size);
    const std::string frame = compress(text);
    CHECK(frame.starts_with(kLz4Magic));
    const auto back = expand(frame);
    REQUIRE(back);
    CHECK(*back == text);
  }
}

TEST_CASE("every truncated frame is told from a whole one") {
  const std::string frame = compress(some_text(2000));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(expand(frame.substr(0, size)));
  }
}

TEST_CASE("a changed byte is found, wherever it is") {
  const std::string text = some_text(2000);
  const std::string frame = compress(text);
  for (std::size_t at = 0; at < frame.size(); ++at) {
    std::string damaged = frame;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    CAPTURE(at);
    const auto back = expand(damaged);
    if (back) CHECK(*back == text);
  }
}

TEST_CASE("messages name the file and the place") {
  std::string frame = compress(some_text(2000));
  frame[frame.size() / 2] = static_cast<char>(frame[frame.size() / 2] ^ 1);
  const auto back = expand(frame);
  REQUIRE_FALSE(back);
  CHECK(back.error().message.starts_with("frame: the LZ4 frame is damaged before offset "));
}

}  // namespace
}  // namespace tarn
