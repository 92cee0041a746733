#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/memory/blob.h"
#include "server/net/output_buffer.h"

namespace tarn {

// The last part of a message, as bytes of RESP that do not depend on the protocol version: shared
// by all the messages that end with it, and made when the first of them is written.
class MessageTail {
 public:
  // A channel's name and what was published; or, as an invalidation ends, a list of keys.
  static MessageTail publication(std::string_view channel, std::string_view payload);
  static MessageTail bytes(std::string resp);

  std::size_t size() const { return size_; }
  // Writes it to memory of size() bytes.
  void put(char* at) const;
  // The bytes that are shared.
  BlobRef blob();

 private:
  std::string_view channel_;
  std::string_view payload_;
  std::string resp_;
  std::size_t size_ = 0;
  BlobRef blob_;
};

// A message on its way to many clients, which share its bytes.
//
// To a client that nothing waits for, all of it is sent by reference: a small message as one blob,
// of which there is one for each protocol version, a large one as a blob of its head and one of its
// tail. So a message to 10,000 idle clients takes no chunk of any of them. Behind something else
// the head is copied, and so is a small tail, for which a segment of its own would cost more.
//
// REQUIRES: heads and tail, and what the tail was made of, outlive the message.
class Message {
 public:
  // The heads are all that comes before the tail.
  Message(std::string_view resp2_head, std::string_view resp3_head, MessageTail& tail)
      : heads_{resp2_head, resp3_head}, tail_(tail) {}

  void write(OutputBuffer& out, int protocol);

 private:
  BlobRef beginning(std::size_t version);

  std::array<std::string_view, 2> heads_;
  std::array<BlobRef, 2> beginnings_;
  MessageTail& tail_;
};

}  // namespace tarn
