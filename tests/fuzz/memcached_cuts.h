#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "tests/server/protocol/memcached_feed.h"

namespace tarn {

// However a byte stream is cut into pieces, and whether large blocks are received by the caller or
// not, the parser must find the same requests and the same errors in it.
//
// There is one difference by design: a line whose end is long in coming is the end of the stream,
// and one of the same length that is there at once is not. What was found before must be the same.
//
// The first byte chooses the limits and the cuts, the rest is the stream.
template <class Parser>
void check_memcached_cuts(std::uint8_t choice, std::string_view stream) {
  using Feed = MemcachedFeed<Parser>;
  constexpr std::size_t kShowAll = SIZE_MAX;

  MemcachedParser::Limits limits;
  limits.authenticated = (choice & 1) == 0;
  if ((choice & 2) != 0) limits.max_item_bytes = 16;
  if ((choice & 4) != 0) limits.max_encoded_key_bytes = 1368;

  Feed whole(Feed::LargeBlocks::kDecline, limits, kShowAll);
  whole.receive(stream);
  const auto agrees = [&whole](const Feed& feed) {
    if (feed.seen() == whole.seen()) return true;
    std::string_view seen = feed.seen();
    if (feed.dead()) seen.remove_suffix(std::string_view("dead\n").size());
    return feed.dead() && std::string_view(whole.seen()).starts_with(seen);
  };

  // What is incomplete is moved with each piece: longer streams would take ages.
  constexpr std::size_t kBytewiseBytes = 2048;
  const std::size_t grain = 1 + stream.size() / kBytewiseBytes;

  Feed bytewise(Feed::LargeBlocks::kDecline, limits, kShowAll);
  for (std::size_t i = 0; i < stream.size(); i += grain) bytewise.receive(stream.substr(i, grain));
  TARN_ASSERT(agrees(bytewise));

  Feed pieces(Feed::LargeBlocks::kAccept, limits, kShowAll);
  Rng rng(choice);
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, 1 + rng.below(64 * grain));
    pieces.receive(piece);
    stream.remove_prefix(piece.size());
  }
  TARN_ASSERT(agrees(pieces));
}

}  // namespace tarn
