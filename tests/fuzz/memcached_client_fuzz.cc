// Any bytes as what a client of memcached sends to a server: its text and meta protocols or its
// binary one. The replies must not depend on how the bytes are cut into pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "core/memory/reclaimer.h"
#include "tests/server/memcached/memcached_fixture.h"

namespace tarn {
namespace {

// The first byte of the input chooses.
struct Choice {
  explicit Choice(std::uint8_t byte)
      : password((byte & 1) != 0),
        small_items((byte & 2) != 0),
        long_keys((byte & 4) != 0),
        seed(byte) {}

  void set_up(MemcachedFixture& server) const {
    if (password) {
      server.set_option("requirepass", "secret");
      server.connect();
    }
    if (small_items) server.set_option("memcached-max-item-size", "1kb");
    if (long_keys) server.set_option("memcached-max-key-size", "1024");
    server.db().set_string(Key("text"), "as RESP sets it", Ttl::none());
    server.db().set_string(Key("number"), "41", Ttl::none());
    server.put_list("list");
  }

  bool password;
  bool small_items;
  bool long_keys;
  std::uint64_t seed;
};

// Whether the replies may depend on the cuts all the same: statistics tell of bytes received and of
// time, and a line whose end is long in coming is refused where one that is there at once is not.
bool may_differ(std::string_view stream) {
  constexpr std::size_t kLongLineBytes = 2000;
  if (stream.find("stats") != stream.npos) return true;
  const bool binary = !stream.empty() && static_cast<std::uint8_t>(stream[0]) == 0x80;
  if (binary) return stream.find("\x80\x10") != stream.npos;
  std::size_t line_bytes = 0;
  for (const char c : stream) {
    line_bytes = c == '\n' ? 0 : line_bytes + 1;
    if (line_bytes > kLongLineBytes) return true;
  }
  return false;
}

template <class BetweenPieces>
std::string send_pieces(MemcachedFixture& server, std::string_view stream, Rng& rng,
                        std::size_t longest, BetweenPieces between) {
  std::string replies;
  while (!stream.empty()) {
    const std::size_t grain = 1 + stream.size() / 2048;
    const std::string_view piece = stream.substr(0, 1 + rng.below(longest * grain));
    replies += server.send(piece);
    stream.remove_prefix(piece.size());
    between();
  }
  return replies;
}

void check(const Choice& choice, std::string_view stream) {
  MemcachedFixture at_once;
  choice.set_up(at_once);
  const std::string replies = at_once.send(stream);

  Rng rng(choice.seed);
  MemcachedFixture in_pieces;
  choice.set_up(in_pieces);
  const std::string same = send_pieces(in_pieces, stream, rng, 48, [] {});
  TARN_ASSERT(replies == same || may_differ(stream));

  // Time goes on, for the items and for flushes that are due later, and another client does the
  // same once more.
  const auto pass_time = [&] {
    const auto ms = static_cast<std::int64_t>(rng.below(3000));
    in_pieces.clock.advance_ms(ms);
    in_pieces.timers.advance(std::chrono::milliseconds(ms));
  };
  in_pieces.connect();
  send_pieces(in_pieces, stream, rng, 512, pass_time);
}

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  tarn::check(tarn::Choice(data[0]), stream);
  // What a flush has left to the helper thread is in slabs, where the search for leaks sees
  // nothing.
  tarn::Reclaimer::drain();
  return 0;
}
