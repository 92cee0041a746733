#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

// Reads RESP requests out of a connection's input, however the bytes arrive: multibulk
// ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") and inline ("GET k\r\n"), told apart by the first byte. The
// format is the "Redis serialization protocol specification"; leniencies and error texts are those
// of Redis 7 (see resp_parser.cc).
//
// The caller owns the input and calls parse in a loop:
//
//   kRequest    a request was appended to the arguments; call again for the next one.
//   kNeedMore   extend the input and call again. Before that the bytes may move and everything
//               before `offset` may be dropped, for the parser remembers positions only relative to
//               the start of the request. Bytes already looked at are not scanned again, so the
//               work is linear in the bytes received, and memory is bounded by them too: announced
//               counts and lengths allocate nothing.
//   kLargeBulk  kNeedMore with an offer: the next argument is long, and the rest of it can be
//               received without a copy straight into the memory where it will stay. To accept,
//               the caller
//                 1. moves what is there of the payload (input from large_bulk_start() on, relative
//                    to the request's start) into a buffer of large_bulk_bytes() and cuts the input
//                    off there,
//                 2. receives the rest of the payload into that buffer,
//                 3. calls large_bulk_received and goes on as after kNeedMore; the CRLF behind the
//                    payload is expected in the input where the payload began.
//               To decline, the caller treats it as kNeedMore.
//   kError      the peer does not speak the protocol: send "-ERR Protocol error: " + error(),
//   close.
//
// Arguments are views: into the input; into the caller's own buffer for a large bulk; into the
// parser for inline requests, whose storage lives until parse is called with empty `args`. So a
// batch of requests can be collected in one vector and run as a whole.
class RespParser {
 public:
  // Bulks from this length on are offered as kLargeBulk.
  static constexpr std::int64_t kLargeBulkBytes = 32 * 1024;

  // An unauthenticated peer gets just enough room for AUTH and HELLO.
  static constexpr std::int64_t kMaxUnauthenticatedArguments = 10;
  static constexpr std::int64_t kMaxUnauthenticatedBulkBytes = 16 * 1024;

  struct Limits {
    std::int64_t max_bulk_bytes = std::int64_t{512} << 20;
    std::int64_t max_multibulk = std::numeric_limits<std::int32_t>::max();
    std::size_t max_inline_bytes = 64 * 1024;  // an inline request, and any header line
    bool authenticated = true;
  };

  enum class Status { kNeedMore, kRequest, kLargeBulk, kError };

  RespParser() = default;
  explicit RespParser(const Limits& limits) : limits_(limits) {}

  // May be changed between calls of parse; holds for headers not yet read.
  Limits& limits() { return limits_; }

  // Parses the request that starts at input[offset]. On kRequest its arguments (at least one) were
  // appended to `args` and `offset` is behind it. Otherwise `args` is as before and `offset` is at
  // the start of the request, where the next call has to find it again. Requests without arguments
  // (empty lines, "*0", "*-1") are consumed on the way.
  Status parse(std::string_view input, std::size_t& offset, std::vector<std::string_view>& args);

  // After kLargeBulk, until large_bulk_received: the payload's length, and where it begins relative
  // to the request's start.
  std::size_t large_bulk_bytes() const { return static_cast<std::size_t>(bulk_bytes_); }
  std::size_t large_bulk_start() const { return cursor_; }

  // Hands over the payload that the caller received by itself; `payload` must live until the
  // request has run.
  // REQUIRES: parse returned kLargeBulk; payload.size() == large_bulk_bytes(); the input has been
  // cut off at large_bulk_start().
  void large_bulk_received(std::string_view payload);

  // Whether a request was begun but is not complete yet.
  bool in_request() const { return cursor_ > 0 || scanned_ > 0; }

  // After kError; valid until the next call of parse or reset.
  std::string_view error() const { return error_; }

  // What it keeps besides itself.
  std::size_t memory_bytes() const { return seen_.capacity() * sizeof(SeenArgument); }

  // Forgets the request in progress and the inline arguments; keeps the limits.
  void reset();

 private:
  // An argument of the request in progress: in the input, relative to the request's start, or, if
  // `external` is set, in the caller's buffer.
  struct SeenArgument {
    const char* external;
    std::size_t start;
    std::size_t length;
  };
  struct Scan;

  // States of bulk_bytes_ besides a length.
  static constexpr std::int64_t kNoBulk = -1;        // the next bulk's header is yet to be read
  static constexpr std::int64_t kReceivedBulk = -2;  // the payload is read, its CRLF is not

  Status parse_multibulk(Scan& scan, std::vector<std::string_view>& args);
  Status parse_inline(Scan& scan, std::vector<std::string_view>& args);
  Status read_count(Scan& scan);
  Status read_argument(Scan& scan, std::vector<std::string_view>& args);
  Status read_bulk_header(Scan& scan);
  Status skip_received_bulk(Scan& scan);
  bool read_short_number(Scan& scan, std::int64_t& value);
  Status read_any_number(Scan& scan, std::int64_t& value, std::string_view too_big,
                         std::string_view invalid);
  Status find_line_end(const Scan& scan, char terminator, const char*& found,
                       std::string_view too_big);

  void suspend(const Scan& scan, std::vector<std::string_view>& args, std::size_t first_arg);
  void complete(const Scan& scan, std::vector<std::string_view>& args, std::size_t first_arg);
  void forget_request();
  Status fail(std::string_view text);

  Limits limits_;

  // The request in progress, as far as the last call of parse got.
  std::size_t cursor_ = 0;           // bytes of it that are dealt with
  std::size_t scanned_ = 0;          // bytes behind those known to hold no end of line
  std::int64_t arguments_left_ = 0;  // 0: the count is yet to be read
  std::int64_t bulk_bytes_ = kNoBulk;
  std::vector<SeenArgument> seen_;

  std::vector<std::vector<std::string>> inline_requests_;
  std::string error_;
};

}  // namespace tarn
