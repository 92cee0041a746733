#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "server/net/output_buffer.h"

namespace tarn {

// A connection as those see it who speak a protocol over it: no sockets, no event loop.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual OutputBuffer& output() = 0;
  // Has the output sent at the end of the batch, or soon.
  virtual void schedule_flush() = 0;

  // Takes no more input, sends what waits, then closes.
  virtual void close_after_flush() = 0;
  // Closes soon, without sending more. Safe at any time, also from within the handler.
  virtual void close() = 0;

  // Stops handing input to the handler, until resume_input(), which hands over at once (in a later
  // turn) what has arrived by then.
  virtual void pause_input() = 0;
  virtual void resume_input() = 0;

  // Keeps the output back until release_output(), because what it promises is not on disk yet. No
  // byte leaves meanwhile, whoever wrote it, and the handler gets no input, so that the output does
  // not grow by the client's own requests. What others append counts against the output limits as
  // ever. This pause is apart from pause_input(): input goes on once neither of them wants it
  // stopped. To hold twice is to hold once, and one release ends it; a release of what is not held
  // does nothing.
  //
  // May be called at any time; from the hook of NetLoop::on_batch_end() it keeps back the replies
  // of the very batch. Released output is sent soon, not within the call. While it is held, close()
  // ends the connection as ever and the output with it, and close_after_flush() waits for the
  // release. Who holds a connection must forget it once InputHandler::on_closed() is called.
  virtual void hold_output() = 0;
  virtual void release_output() = 0;

  virtual int fd() const = 0;
  // "address:port", "[address]:port" for IPv6, or "path:0" for a unix socket.
  virtual const std::string& peer_address() const = 0;
  virtual const std::string& local_address() const = 0;
  virtual bool is_unix_socket() const = 0;
  // Bytes received and sent since the start.
  virtual std::size_t bytes_received() const = 0;
  virtual std::size_t bytes_sent() const = 0;
  // Received bytes that the handler has not consumed, and the memory held for them.
  virtual std::size_t pending_input_bytes() const = 0;
  virtual std::size_t input_capacity_bytes() const = 0;
  // What the connection takes with its handler and its input, but for its output; and of that, what
  // arguments take that the handler keeps.
  virtual std::size_t memory_bytes() const = 0;
  virtual std::size_t argument_bytes() const = 0;
};

// Who speaks the protocol. Owned by the connection.
class InputHandler {
 public:
  virtual ~InputHandler() = default;

  // What on_input did with its input: bytes taken from the front and from the back. What is between
  // is offered again, with what arrives behind it.
  struct Taken {
    std::size_t front = 0;
    std::size_t back = 0;
    // It stopped early, for others' sake, and could go on: call again after the others' turn.
    bool more = false;
  };
  virtual Taken on_input(std::string_view input) = 0;

  // Where the next bytes from the peer shall be received; empty for the connection's own buffer.
  virtual std::span<char> direct_target() { return {}; }
  virtual void on_direct(std::size_t /*bytes*/) {}

  // What it takes, with all that it keeps; and of that, the arguments of requests that have not
  // run.
  virtual std::size_t memory_bytes() const { return 0; }
  virtual std::size_t argument_bytes() const { return 0; }
  // What the connection takes may have changed. Called after each turn and whenever output was
  // sent, where NetLoop::watch_memory() has asked for it.
  virtual void on_memory_changed() {}

  // The connection is gone; the last call.
  virtual void on_closed() = 0;
};

}  // namespace tarn
