#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/keyspace/entry.h"
#include "server/net/output_buffer.h"
#include "server/protocol/memcached_binary.h"
#include "server/protocol/resp_writer.h"

namespace tarn {

// The protocol that a client speaks.
enum class Dialect : std::uint8_t { kResp, kMemcachedText, kMemcachedBinary };

// The reply to one command, in the protocol version that the client speaks: every method writes one
// RESP value, and those that RESP2 lacks appear there as Redis shows them (a map as a flat array, a
// double as a bulk string ...). Commands of other dialects write to out() what is theirs; errors,
// which also come from those who know no dialect, take the form of the client's.
class Reply {
 public:
  Reply(OutputBuffer& out, const int& protocol, Dialect dialect)
      : out_(out), protocol_(protocol), dialect_(dialect) {}

  void speak(Dialect dialect) { dialect_ = dialect; }
  // The packet of the binary protocol that is answered now: its header, and what follows.
  void answers(std::string_view packet) {
    answered_ = memcached::BinaryHeader::read(packet.data());
  }

  bool resp3() const { return protocol_ >= 3; }

  void ok() { out_.append("+OK\r\n"); }
  void simple(std::string_view text) { resp::write_simple(out_, text); }
  void integer(std::int64_t value) { resp::write_integer(out_, value); }
  void bulk(std::string_view bytes) { resp::write_bulk(out_, bytes); }
  // `bytes`, which lie in `blob`, by reference.
  void bulk(BlobRef blob, std::string_view bytes) {
    resp::write_bulk(out_, std::move(blob), bytes);
  }
  // Likewise, of a blob that is the keyspace's; by reference where that pays.
  void shared(Blob* blob, std::string_view bytes);
  // A string entry's value.
  void value(const Entry& entry);
  void bulk_integer(std::int64_t value) { resp::write_bulk_integer(out_, value); }
  void null() { out_.append(resp3() ? "_\r\n" : "$-1\r\n"); }
  void null_array() { out_.append(resp3() ? "_\r\n" : "*-1\r\n"); }
  void boolean(bool value) {
    out_.append(resp3() ? (value ? "#t\r\n" : "#f\r\n") : (value ? ":1\r\n" : ":0\r\n"));
  }
  void real(double value) { resp::write_double(out_, value, protocol_); }
  // As a double where RESP3 is spoken; the digits as given.
  void real_digits(std::string_view digits) { resp::write_double_digits(out_, digits, protocol_); }
  void big_number(std::string_view digits) { resp::write_big_number(out_, digits, protocol_); }
  // `format` has three letters: "txt", "mkd".
  void verbatim(std::string_view format, std::string_view text) {
    resp::write_verbatim(out_, format, text, protocol_);
  }

  // The elements follow; a map's are 2 * `pairs`.
  void array(std::size_t elements) { resp::write_header(out_, '*', elements); }
  void map(std::size_t pairs) {
    resp3() ? resp::write_header(out_, '%', pairs) : resp::write_header(out_, '*', pairs * 2);
  }
  void set(std::size_t elements) { resp::write_header(out_, resp3() ? '~' : '*', elements); }
  void push(std::size_t elements) { resp::write_header(out_, resp3() ? '>' : '*', elements); }
  // RESP3 only; REQUIRES: resp3().
  void attribute(std::size_t pairs) { resp::write_header(out_, '|', pairs); }

  // An array, set or map whose length is known only after its elements.
  OutputBuffer::Placeholder open_array() { return out_.add_placeholder(); }
  void close_array(OutputBuffer::Placeholder place, std::size_t elements);
  void close_set(OutputBuffer::Placeholder place, std::size_t elements);
  void close_map(OutputBuffer::Placeholder place, std::size_t pairs);

  // `text` begins with its code: "ERR syntax error". Line breaks become spaces; those at
  // the end are dropped.
  void error(std::string_view text);
  // An error that the dialect's clients know in other words: they are told `words`, and statistics
  // have `text`.
  void error(std::string_view text, std::string_view words);
  // An error in a form of the dialect's own: `line` as it is, without its end.
  void error_line(std::string_view line);

  // Errors written since the last call, and the text of the latest.
  bool take_failed() { return std::exchange(failed_, false); }
  std::string_view last_error() const { return last_error_; }

  // Raw RESP, ready to send.
  OutputBuffer& out() { return out_; }
  const OutputBuffer& out() const { return out_; }

 private:
  void expanded(const Entry& entry);
  void note_error(std::string_view text);
  void write_error(std::string_view words);

  OutputBuffer& out_;
  const int& protocol_;
  Dialect dialect_;
  memcached::BinaryHeader answered_;
  bool failed_ = false;
  std::string last_error_;
};

namespace errors {

inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kIndexOutOfRange = "ERR index out of range";
inline constexpr std::string_view kDbIndexOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kInvalidDbIndex = "ERR invalid DB index";
inline constexpr std::string_view kNoRoom =
    "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kLoading = "LOADING Redis is loading the dataset in memory";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";

}  // namespace errors
}  // namespace tarn
