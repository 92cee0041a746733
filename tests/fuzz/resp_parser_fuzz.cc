// However a byte stream is cut into pieces, and whether large bulks are received by the caller or
// not, the parser must find the same requests and the same error in it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/random.h"
#include "tests/server/protocol/resp_feed.h"

namespace {

using tarn::RespFeed;

// The first byte chooses the limits and the cuts, the rest is the stream.
void check(std::uint8_t choice, std::string_view stream) {
  tarn::RespParser::Limits limits;
  limits.authenticated = (choice & 1) != 0;
  if ((choice & 2) != 0) limits.max_inline_bytes = 16;

  RespFeed whole(RespFeed::LargeBulks::kDecline, limits);
  whole.receive(stream);

  RespFeed bytewise(RespFeed::LargeBulks::kDecline, limits);
  for (std::size_t i = 0; i < stream.size(); ++i) bytewise.receive(stream.substr(i, 1));
  TARN_ASSERT(bytewise.transcript() == whole.transcript());

  RespFeed pieces(RespFeed::LargeBulks::kAccept, limits);
  tarn::Rng rng(choice);
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, 1 + rng.below(64));
    pieces.receive(piece);
    stream.remove_prefix(piece.size());
  }
  TARN_ASSERT(pieces.transcript() == whole.transcript());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) check(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
