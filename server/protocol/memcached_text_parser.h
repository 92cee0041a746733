#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tarn {

// Reads requests of memcached's text and meta protocols out of a connection's input, however the
// bytes arrive: a line of words, and behind the line of a storage command its data block. The
// format is protocol.txt of memcached 1.6; leniencies and error lines are those of that server.
//
// The caller owns the input and calls parse in a loop:
//
//   kRequest     a request was appended to the arguments: its words and, for a storage command, the
//                data block as the last one. Call again for the next one.
//   kError       there was a request that is none: reply error() and a line end, unless error() is
//                empty, for then the client wants no reply; call again for the next one.
//   kOversized   a storage command whose words were appended, but whose data exceeds the limit. The
//                data will be skipped; call again for the next request.
//   kBadBlock    a meta storage command whose words were appended, but whose data block has no line
//                end where it should; whether that is its first fault is for the caller to see.
//   kNeedMore    extend the input and call again. Before that the bytes may move and everything
//                before `offset` may be dropped.
//   kLargeBlock  kNeedMore with an offer: the data block is long, and the rest of it can be
//   received
//                without a copy straight into the memory where it will stay. To accept, the caller
//                  1. moves what is there of the block (input from large_block_start() on, relative
//                     to the request's start) into a buffer of large_block_bytes() and cuts the
//                     input off there,
//                  2. receives the rest of the block into that buffer,
//                  3. calls large_block_received and goes on as after kNeedMore; the line end
//                     behind the block is expected in the input where the block began.
//                To decline, the caller treats it as kNeedMore.
//   kFatal       a line that has no end: close the connection, without a word, as memcached does.
//
// Arguments are views: into the input, or into the caller's own buffer for a large block.
//
// Header lines of storage commands are checked here, since without a valid one nobody knows where
// the next request begins: after an error in it, memcached takes the data block for requests. All
// other words are for those who run the request.
class MemcachedTextParser {
 public:
  // Blocks from this length on are offered as kLargeBlock.
  static constexpr std::size_t kLargeBlockBytes = 32 * 1024;
  // A line that is longer before its end is seen is no request, but for those of many keys.
  static constexpr std::size_t kMaxLineBytes = 2048;
  // The longest name and password that a client may send to authenticate.
  static constexpr std::size_t kMaxCredentialBytes = 4096;

  struct Limits {
    std::size_t max_item_bytes = std::size_t{1} << 20;
    std::size_t max_key_bytes = 250;          // as it stands in the line
    std::size_t max_encoded_key_bytes = 250;  // of a meta command, where it may be base64
    // An unauthenticated peer may only send its credentials, as the data of a `set`.
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

  // May be changed between calls of parse; holds for lines not yet read.
  Limits& limits() { return limits_; }

  // Parses the request that starts at input[offset]. Where there was one, whatever came of it,
  // `offset` is behind it, or behind as much of it as is there; otherwise `offset` is where the
  // next call has to find what is left of it, and `args` is as before.
  Status parse(std::string_view input, std::size_t& offset, std::vector<std::string_view>& args);

  // After a request: the client wants no reply (`noreply`).
  bool quiet() const { return quiet_; }
  // After kError.
  std::string_view error() const { return quiet_ ? std::string_view() : error_; }

  // After kLargeBlock, until large_block_received: the block's length, and where it begins relative
  // to the request's start.
  std::size_t large_block_bytes() const { return block_bytes_; }
  std::size_t large_block_start() const { return line_bytes_; }

  // Hands over the block that the caller received by itself; it must live until the request has
  // run. REQUIRES: parse returned kLargeBlock; block.size() == large_block_bytes(); the input has
  // been cut off at large_block_start().
  void large_block_received(std::string_view block);

  // Forgets the request in progress; keeps the limits.
  void reset();

 private:
  struct Storage;

  Status finish_line(std::string_view line, std::size_t& offset,
                     std::vector<std::string_view>& args, std::size_t first);
  Status read_block(std::string_view input, std::size_t& offset,
                    std::vector<std::string_view>& args, bool meta);
  std::string_view check_header(const Storage& storage, const std::string_view* words,
                                std::size_t count);
  Status reject(std::string_view error, std::size_t& offset);
  Status complete(Status status, std::size_t& offset, std::size_t bytes);

  Limits limits_;

  std::size_t scanned_ = 0;     // bytes of the line in progress that hold no end of it
  std::size_t skip_bytes_ = 0;  // of the input, before the next request
  std::size_t line_bytes_ = 0;  // of the request in progress, its end included
  std::size_t block_bytes_ = 0;
  std::optional<std::string_view> received_;  // the block in progress, where the caller has it
  bool quiet_ = false;
  std::string_view error_;
};

}  // namespace tarn
