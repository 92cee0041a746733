#include "server/commands/element_pool.h"

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "server/net/lazy_bytes.h"

namespace tarn {
namespace {

// A reply that is expected to be shorter waits as a whole: the copy would take more than it.
constexpr std::size_t kWholeBytes = 64 * 1024;

std::string_view pick(const std::vector<std::string_view>& elements, Rng& rng) {
  return elements[rng.below(elements.size())];
}

class DrawnElements final : public LazyBytes {
 public:
  DrawnElements(TextArena texts, std::vector<std::string_view> elements, std::uint64_t count,
                Rng& rng)
      : texts_(std::move(texts)), elements_(std::move(elements)), left_(count), rng_(rng) {
    piece_.reserve(kPieceBytes);
  }

  // An element that is longer than a piece is one by itself, and needs no copy.
  std::string_view next() override {
    piece_.clear();
    for (;;) {
      if (pending_.empty()) {
        if (left_ == 0) break;
        pending_ = pick(elements_, rng_);
        --left_;
      }
      if (pending_.size() > kPieceBytes - piece_.size()) break;
      piece_.append(std::exchange(pending_, {}));
    }
    return piece_.empty() ? std::exchange(pending_, {}) : piece_;
  }

  std::size_t memory_bytes() const override {
    return sizeof *this + texts_.memory_bytes() + elements_.capacity() * sizeof(std::string_view) +
           piece_.capacity();
  }

 private:
  static constexpr std::size_t kPieceBytes = 16 * 1024;

  const TextArena texts_;  // of the elements
  const std::vector<std::string_view> elements_;
  std::uint64_t left_;
  Rng& rng_;
  std::string piece_;
  std::string_view pending_;  // drawn, and comes after the piece
};

}  // namespace

ElementPool::ElementPool(Call& call)
    : call_(call),
      out_(call.reply.out().pool()),
      reply_(out_, call.session.protocol, Dialect::kResp) {}

void ElementPool::end_element() {
  const std::size_t bytes = out_.bytes();
  char* to = texts_.room(bytes);
  elements_.emplace_back(to, bytes);
  bytes_ += bytes;
  std::array<iovec, 8> pieces;
  while (!out_.empty()) {
    std::size_t taken = 0;
    for (const iovec& piece : std::span(pieces).first(out_.gather(pieces))) {
      std::memcpy(to + taken, piece.iov_base, piece.iov_len);
      taken += piece.iov_len;
    }
    to += taken;
    out_.consume(taken);
  }
}

void ElementPool::draw(std::uint64_t count, Rng& rng) && {
  TARN_ASSERT(!elements_.empty());
  OutputBuffer& out = call_.reply.out();
  const std::size_t average = bytes_ / elements_.size();
  if (count <= kWholeBytes / average) {
    for (; count > 0; --count) out.append(pick(elements_, rng));
    return;
  }
  elements_.shrink_to_fit();
  out.append_lazy(
      std::make_unique<DrawnElements>(std::move(texts_), std::move(elements_), count, rng));
}

}  // namespace tarn
