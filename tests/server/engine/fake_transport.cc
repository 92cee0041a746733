#include "tests/server/engine/fake_transport.h"

#include <array>
#include <span>
#include <utility>

namespace tarn {

std::string take_bytes(OutputBuffer& out) {
  std::string bytes;
  std::array<iovec, 16> pieces;
  while (!out.empty()) {
    std::size_t taken = 0;
    for (const iovec& piece : std::span(pieces).first(out.gather(pieces))) {
      bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      taken += piece.iov_len;
    }
    out.consume(taken);
  }
  return bytes;
}

FakeTransport::FakeTransport(std::string peer_name) : peer(std::move(peer_name)) {}
FakeTransport::~FakeTransport() = default;

}  // namespace tarn
