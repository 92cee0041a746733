#include "server/net/output_buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>

#include "core/base/random.h"
#include "core/memory/reclaimer.h"

using namespace tarn;

namespace {

// Takes everything out as a socket would that accepts `at_once` bytes a call.
std::string drain(OutputBuffer& out, std::size_t at_once) {
  std::string sent;
  std::array<iovec, 4> vectors;
  while (!out.empty()) {
    const std::size_t count = out.gather(vectors);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count && taken < at_once; ++i) {
      const std::size_t part = std::min(vectors[i].iov_len, at_once - taken);
      sent.append(static_cast<const char*>(vectors[i].iov_base), part);
      taken += part;
    }
    out.consume(taken);
  }
  return sent;
}

// Pieces of so many bytes each: "aaa", "bbb" ...
class Letters final : public LazyBytes {
 public:
  Letters(int pieces, std::size_t piece_bytes) : left_(pieces), bytes_(piece_bytes) {}
  ~Letters() override { ++destroyed; }
  std::string_view next() override {
    if (left_ == 0) return {};
    --left_;
    piece_.assign(bytes_, letter_++);
    ++made;
    return piece_;
  }
  std::size_t memory_bytes() const override { return 1'000'000; }

  static inline int made = 0;
  static inline int destroyed = 0;

 private:
  int left_;
  std::size_t bytes_;
  char letter_ = 'a';
  std::string piece_;
};

}  // namespace

TEST_CASE("bytes, shared blobs and placeholders come out in order, in pieces of any size") {
  ChunkPool pool;
  for (const std::size_t at_once : {1u, 7u, 1000u, 100'000u}) {
    OutputBuffer out(pool);
    const BlobRef blob = Blob::copy(std::string(40'000, 'b'));
    out.append("head");
    const auto place = out.add_placeholder();
    out.append(std::string(20'000, 'c'));
    out.append_shared(blob, blob->view().substr(10));
    out.append("tail");
    out.fill(place, "*3\r\n");
    CHECK(out.bytes() == 4 + 4 + 20'000 + 39'990 + 4);
    CHECK(drain(out, at_once) ==
          "head*3\r\n" + std::string(20'000, 'c') + std::string(39'990, 'b') + "tail");
    CHECK(out.bytes() == 0);
  }
}

TEST_CASE("truncate takes back what was appended since the mark") {
  ChunkPool pool;
  OutputBuffer out(pool);
  out.append("kept");
  const auto mark = out.mark();
  out.append("gone");
  out.append(std::string(50'000, 'x'));
  out.append_shared(Blob::copy("blob"), "blob");
  out.truncate(mark);
  CHECK(out.bytes() == 4);
  out.append(" and more");
  CHECK(drain(out, 3) == "kept and more");
}

TEST_CASE("appending goes on behind what was sent only in part") {
  ChunkPool pool;
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  OutputBuffer out(pool);
  std::string expected;
  std::string sent;
  for (int step = 0; step < 2000; ++step) {
    const std::string bytes(rng.below(500), static_cast<char>('a' + rng.below(26)));
    expected += bytes;
    out.append(bytes);
    if (rng.below(3) == 0) {
      std::array<iovec, 8> vectors;
      const std::size_t count = out.gather(vectors);
      if (count == 0) continue;
      const std::size_t part = rng.below(vectors[0].iov_len + 1);
      sent.append(static_cast<const char*>(vectors[0].iov_base), part);
      out.consume(part);
    }
  }
  sent += drain(out, 999);
  CHECK(sent == expected);
}

TEST_CASE("blobs between small pieces share one chunk with them") {
  ChunkPool pool;
  OutputBuffer out(pool);
  const BlobRef blob = Blob::copy(std::string(100, 'b'));
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    out.append("small ");
    out.append_shared(blob, blob->view());
    expected += "small " + std::string(blob->view());
  }
  CHECK(out.memory_bytes() < 2 * ChunkPool::kChunkBytes + 50 * 100);
  CHECK(drain(out, 50) == expected);
  CHECK(out.memory_bytes() < ChunkPool::kChunkBytes);
}

TEST_CASE("a spliced buffer's bytes follow, few of them or many") {
  ChunkPool pool;
  for (const std::size_t size : {std::size_t{5}, std::size_t{5000}, std::size_t{50'000}}) {
    OutputBuffer out(pool);
    OutputBuffer other(pool);
    const BlobRef blob = Blob::copy(std::string(size, 'b'));
    out.append("before ");
    other.append("held ");
    other.append_shared(blob, blob->view());
    out.splice(other);
    CHECK(other.empty());
    out.append(" after");
    other.append("next");
    CHECK(out.bytes() == 7 + 5 + size + 6);
    CHECK(drain(out, 999) == "before held " + std::string(size, 'b') + " after");
    CHECK(drain(other, 999) == "next");
  }
}

TEST_CASE("appends, blobs, truncations, splices and partial sends, in any order") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  ChunkPool pool;
  OutputBuffer out(pool);
  OutputBuffer other(pool);
  std::string expected;
  std::string sent;
  const auto text = [&] {
    const std::size_t size = rng.below(10) == 0 ? rng.below(40'000) : rng.below(300);
    return std::string(size, static_cast<char>('a' + rng.below(26)));
  };
  const auto add = [&](OutputBuffer& to) {
    if (rng.below(4) == 0) {
      const auto size = static_cast<std::size_t>(rng.below(300) + 1);
      to.append_lazy(std::make_unique<Letters>(2, size));
      return std::string(size, 'a') + std::string(size, 'b');
    }
    const std::string bytes = text();
    if (rng.below(2) == 0) {
      to.append(bytes);
    } else {
      const BlobRef blob = Blob::copy(bytes);
      to.append_shared(blob, blob->view());
    }
    return bytes;
  };
  for (int step = 0; step < 5000; ++step) {
    switch (rng.below(5)) {
      case 0:
      case 1: expected += add(out); break;
      case 2: {
        const auto mark = out.mark();
        for (std::uint64_t i = rng.below(4); i > 0; --i) add(out);
        out.truncate(mark);
        break;
      }
      case 3:
        for (std::uint64_t i = rng.below(3); i > 0; --i) expected += add(other);
        out.splice(other);
        break;
      default: {
        std::array<iovec, 8> vectors;
        const std::size_t count = out.gather(vectors);
        std::size_t part = 0;
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t taken = rng.below(vectors[i].iov_len + 1);
          sent.append(static_cast<const char*>(vectors[i].iov_base), taken);
          part += taken;
          if (taken < vectors[i].iov_len) break;
        }
        if (count > 0) out.consume(part);
      }
    }
    REQUIRE(out.bytes() <= expected.size() - sent.size());
    REQUIRE(out.empty() == (expected.size() == sent.size()));
  }
  sent += drain(out, 9999);
  CHECK(sent == expected);
  CHECK(out.memory_bytes() < ChunkPool::kChunkBytes);
}

TEST_CASE("a source's pieces come in order between what was appended before and after it") {
  ChunkPool pool;
  for (const std::size_t at_once : {1u, 2u, 3u, 7u, 100'000u}) {
    OutputBuffer out(pool);
    out.append("head");
    out.append_lazy(std::make_unique<Letters>(3, 3));
    out.append("between");
    out.append_lazy(std::make_unique<Letters>(0, 3));
    out.append_lazy(std::make_unique<Letters>(2, 2));
    const auto place = out.add_placeholder();
    out.append("tail");
    out.fill(place, "*");
    CHECK(drain(out, at_once) == "headaaabbbcccbetweenaabb*tail");
    CHECK(out.empty());
    CHECK(out.memory_bytes() < ChunkPool::kChunkBytes);
  }
}

TEST_CASE("a source makes a piece when the one before it is sent, and is held until the last is") {
  ChunkPool pool;
  Letters::made = Letters::destroyed = 0;
  {
    OutputBuffer out(pool);
    out.append("x");
    out.append_lazy(std::make_unique<Letters>(3, 10));
    CHECK_FALSE(out.makes_next());
    CHECK(Letters::made == 1);
    CHECK(out.bytes() == 11);
    CHECK(out.memory_bytes() > 1'000'000);
    out.consume(1);
    CHECK(out.makes_next());
    out.consume(9);
    CHECK(Letters::made == 1);
    out.consume(1);
    CHECK(Letters::made == 2);
    CHECK(out.bytes() == 10);
    out.consume(10);
    CHECK(Letters::destroyed == 0);
    out.consume(10);
    CHECK(Letters::destroyed == 1);
    CHECK(out.empty());
    CHECK(out.memory_bytes() < 1'000'000);

    const auto mark = out.mark();
    out.append_lazy(std::make_unique<Letters>(2, 10));
    out.append("y");
    out.truncate(mark);
    CHECK(Letters::destroyed == 2);
    CHECK(out.empty());
    CHECK(out.memory_bytes() < 1'000'000);
    out.append_lazy(std::make_unique<Letters>(2, 10));
  }
  CHECK(Letters::destroyed == 3);
}

TEST_CASE("a source moves with the buffer that is spliced") {
  ChunkPool pool;
  OutputBuffer out(pool);
  OutputBuffer other(pool);
  out.append("a");
  other.append_lazy(std::make_unique<Letters>(2, 1));
  other.append("z");
  out.splice(other);
  CHECK(other.empty());
  out.append("!");
  CHECK(drain(out, 5) == "aabz!");
}

TEST_CASE("much that waits is dropped by the helper thread, and the buffer goes on") {
  Reclaimer::drain();
  const std::size_t before = Reclaimer::completed();
  const std::size_t blobs_before = Blob::total_bytes();
  ChunkPool pool;
  OutputBuffer out(pool);
  const BlobRef shared = Blob::copy(std::string(1000, 'b'));
  const std::string text(3 * ChunkPool::kChunkBytes, 'x');
  for (int i = 0; i < 600; ++i) {
    out.append(text);
    out.append_shared(shared, shared->view());
  }
  out.consume(1000);
  out.clear();
  Reclaimer::drain();
  CHECK(Reclaimer::completed() == before + 1);
  CHECK(Blob::total_bytes() - blobs_before == shared->memory_bytes());
  CHECK(out.empty());
  CHECK(out.memory_bytes() == 0);
  out.append("more");
  CHECK(drain(out, 9999) == "more");
}
