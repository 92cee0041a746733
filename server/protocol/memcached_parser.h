#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tarn {

// Reads requests of one of memcached's protocols out of a connection's input, however the bytes
// arrive.
//
// The caller owns the input and calls parse in a loop:
//
//   kRequest     a request was appended to the arguments. Call again for the next one.
//   kError       there was a request that is none: reply error() and a line end, unless error() is
//                empty, for then the client wants no reply; call again for the next one.
//   kOversized   a storage command whose words were appended, but whose data exceeds the limit. The
//                data will be skipped; call again for the next request.
//   kBadBlock    a meta storage command whose words were appended, but whose data block has no line
//                end where it should; whether that is its first fault is for the caller to see.
//   kNeedMore    extend the input and call again. Before that the bytes may move and everything
//                before `offset` may be dropped.
//   kLargeBlock  kNeedMore with an offer: the data is long, and the rest of it can be received
//                without a copy straight into the memory where it will stay. To accept, the caller
//                  1. moves what is there of the data (input from large_block_start() on, relative
//                     to the request's start) into a buffer of large_block_bytes() and cuts the
//                     input off there,
//                  2. receives the rest of the data into that buffer,
//                  3. calls large_block_received and goes on as after kNeedMore; what follows the
//                     data is expected in the input where the data began.
//                To decline, the caller treats it as kNeedMore.
//   kFatal       nothing more can be understood: close the connection, without a word, as memcached
//                does.
//
// Arguments are views: into the input, or into the caller's own buffer for a large block.
class MemcachedParser {
 public:
  // Data from this length on is offered as kLargeBlock.
  static constexpr std::size_t kLargeBlockBytes = 32 * 1024;

  struct Limits {
    std::size_t max_item_bytes = std::size_t{1} << 20;
    std::size_t max_key_bytes = 250;          // as it stands in the request
    std::size_t max_encoded_key_bytes = 250;  // of a meta command, where it may be base64
    // An unauthenticated peer may only send its credentials.
    bool authenticated = true;
  };

  enum class Status : std::uint8_t {
    kNeedMore,
    kRequest,
    kError,
    kOversized,
    kBadBlock,
    kLargeBlock,
    kFatal,
  };

  virtual ~MemcachedParser() = default;

  // May be changed between calls of parse; holds for what is not yet read.
  Limits& limits() { return limits_; }

  // Parses the request that starts at input[offset]. Where there was one, whatever came of it,
  // `offset` is behind it, or behind as much of it as is there; otherwise `offset` is where the
  // next call has to find what is left of it, and `args` is as before.
  virtual Status parse(std::string_view input, std::size_t& offset,
                       std::vector<std::string_view>& args) = 0;

  // After a request: the client wants no reply (`noreply`).
  bool quiet() const { return quiet_; }
  // After kError.
  std::string_view error() const { return quiet_ ? std::string_view() : error_; }

  // After kLargeBlock, until large_block_received: the data's length, and where it begins relative
  // to the request's start.
  virtual std::size_t large_block_bytes() const = 0;
  virtual std::size_t large_block_start() const = 0;

  // Hands over the data that the caller received by itself; it must live until the request has run.
  // REQUIRES: parse returned kLargeBlock; block.size() == large_block_bytes(); the input has been
  // cut off at large_block_start().
  virtual void large_block_received(std::string_view block) = 0;

  // After a request: how much of its data, which nobody wants, stands behind `offset` yet. The next
  // call of parse passes it over.
  std::size_t skip_bytes() const { return skip_bytes_; }

  // Goes back to behind an earlier request, whose skip_bytes() these were; keeps the limits.
  virtual void go_back(std::size_t skip_bytes) = 0;

 protected:
  // Moves `offset` over data that nobody wants. Returns whether all of it was there.
  bool pass_over_unwanted(std::string_view input, std::size_t& offset) {
    const std::size_t skipped = std::min(skip_bytes_, input.size() - offset);
    offset += skipped;
    skip_bytes_ -= skipped;
    return skip_bytes_ == 0;
  }

  Limits limits_;
  std::size_t skip_bytes_ = 0;  // of the input, before the next request
  bool quiet_ = false;
  std::string_view error_;
};

}  // namespace tarn
