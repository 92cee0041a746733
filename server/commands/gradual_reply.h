#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "core/keyspace/collection_heap.h"
#include "core/types/collection.h"
#include "server/engine/call.h"
#include "server/engine/reply.h"
#include "server/net/lazy_bytes.h"

namespace tarn {

// Replies that show much of a large collection. Such a reply is written while it is sent: it takes
// a few pieces of memory however long it is, and its writing holds nobody up. Until its end it is a
// reader of the collection (CollectionHeap), so it shows the moment of its command: if the
// collection is about to change, the rest is written first; if it is deleted, it outlives its key.

// Whether a reply of so many elements is worth it: shorter ones go out faster as a whole. Small
// collections are nullptr.
inline bool worth_writing_gradually(const Collection* collection, std::size_t elements) {
  constexpr std::size_t kFewest = 65'536;
  return collection != nullptr && elements >= kFewest;
}
// How many bytes to write at a time: most elements that come last then still fit a chunk.
inline constexpr std::size_t kPieceBytes = ChunkPool::kChunkBytes - 1024;

inline bool has_written(const Reply& reply, std::size_t bytes) {
  return reply.out().bytes() >= bytes;
}

// `Write` is called as bool(Reply&, std::size_t enough_bytes): it writes some elements, none once
// as many bytes are written, and returns whether there are more.
template <class Write>
class GradualReply final : public LazyBytes, public CollectionReader {
 public:
  GradualReply(Call& call, Collection& collection, Write write)
      : heap_(*call.db().context().collections),
        collection_(&collection),
        protocol_(call.session.protocol),
        out_(call.reply.out().pool()),
        reply_(out_, protocol_, Dialect::kResp),
        write_(std::move(write)) {
    heap_.start_reading(collection, *this);
  }
  ~GradualReply() override { stop_reading(); }

  std::string_view next() override {
    out_.consume(given_bytes_);
    if (out_.empty()) {
      while (collection_ != nullptr && !has_written(reply_, kPieceBytes)) {
        if (!write_(reply_, kPieceBytes)) stop_reading();
      }
    }
    iovec piece{};
    if (out_.gather({&piece, 1}) == 0) return {};
    given_bytes_ = piece.iov_len;
    return {static_cast<const char*>(piece.iov_base), given_bytes_};
  }

  std::size_t memory_bytes() const override {
    const bool kept_for_this = collection_ != nullptr && heap_.outlives_key(*collection_);
    return sizeof *this + out_.memory_bytes() + (kept_for_this ? collection_->memory_bytes() : 0);
  }

  void read_rest() override {
    collection_ = nullptr;
    while (write_(reply_, std::numeric_limits<std::size_t>::max())) {
    }
  }

 private:
  void stop_reading() {
    if (collection_ != nullptr) heap_.stop_reading(*std::exchange(collection_, nullptr), *this);
  }

  CollectionHeap& heap_;
  Collection* collection_;  // while it is read
  const int protocol_;
  OutputBuffer out_;  // what is written, of which the first bytes have been given
  Reply reply_;
  Write write_;
  std::size_t given_bytes_ = 0;
};

// Writes the rest of a reply, whose head has been written, by calls of `write`.
template <class Write>
void reply_gradually(Call& call, Collection* collection, Write write) {
  call.reply.out().append_lazy(
      std::make_unique<GradualReply<Write>>(call, *collection, std::move(write)));
}

}  // namespace tarn
