#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/options.h"

namespace tarn::load {

/// Counts complete replies in a byte stream that arrives in arbitrary pieces.
///
/// It looks at the line that opens each element and skips bulk bytes unread, so a reply costs some
/// nanoseconds. It trusts the server's framing: this is a meter, not a validating parser.
class ReplyCounter {
 public:
  explicit ReplyCounter(Protocol protocol) : protocol_(protocol) {}

  /// Takes the next bytes of the stream; returns how many replies ended in them.
  uint64_t feed(std::string_view bytes);

  /// Error replies so far, and the text of the first.
  uint64_t errors() const { return errors_; }
  const std::string& first_error() const { return first_error_; }

  /// Replies so far that said "no such key" (a null, or a memcached END without VALUE).
  uint64_t misses() const { return misses_; }

  /// From now on appends to `outcomes`, for every reply in order, whether it was a miss. The
  /// vector must outlive the counter.
  void record_misses(std::vector<bool>& outcomes) { outcomes_ = &outcomes; }

 private:
  bool begins_packet(std::string_view bytes) const;
  void take_packet(std::string_view& bytes);
  void take_line(std::string_view line);
  void take_resp_line(std::string_view line);
  void take_memcached_line(std::string_view line);
  void take_error(std::string_view line);
  void end_element();
  void end_reply();

  Protocol protocol_;
  std::string partial_;      ///< a line, or a packet's header, whose end has not arrived
  bool in_packet_ = false;   ///< memcached's binary protocol: what is skipped ends the reply
  uint64_t skip_ = 0;        ///< bytes of a bulk, with its line end, still to come
  uint64_t open_ = 1;        ///< RESP: elements until the present reply is complete
  bool value_seen_ = false;  ///< memcached: a VALUE came before this END
  uint64_t ended_ = 0;
  uint64_t errors_ = 0;
  uint64_t misses_ = 0;
  bool missed_ = false;  ///< the present reply is a miss
  std::vector<bool>* outcomes_ = nullptr;
  std::string first_error_;
};

}  // namespace tarn::load
