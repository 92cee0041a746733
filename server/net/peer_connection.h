#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

struct redisContext;

namespace tarn {

// Where talking to another server failed.
struct PeerFault {
  enum class During : std::uint8_t { kConnecting, kWriting, kReading };
  During during;
  bool timed_out = false;
};

struct PeerReply {
  bool is_error = false;
  std::string text;  // without the "-" or "+"
};

// A connection to another server of the Redis protocol, for commands that the whole server waits
// for: every call blocks, at most for the timeout at a time that nothing moves, be it
// the look-up of the host's name. After a fault the connection is of no further use.
class PeerConnection {
 public:
  template <class T>
  using Outcome = std::variant<T, PeerFault>;

  static Outcome<PeerConnection> connect(const std::string& host, int port,
                                         std::int64_t timeout_ms);

  void set_timeout(std::int64_t timeout_ms);

  // Sends a command, or holds it back to be sent with the next ones. A reply to each is due.
  Outcome<std::monostate> send(std::span<const std::string_view> args);
  // Sends what is held back.
  Outcome<std::monostate> flush();
  // The next reply. Anything but a status or an error is a fault: whoever speaks so is not the
  // server that was asked.
  Outcome<PeerReply> read();

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  using Context = std::unique_ptr<redisContext, Free>;

  explicit PeerConnection(Context context) : context_(std::move(context)) {}

  Context context_;
};

}  // namespace tarn
