#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/protocol/resp_parser.h"

namespace tarn {

// What a parser made of a byte stream.
struct RespTranscript {
  std::vector<std::vector<std::string>> requests;
  std::string error;
  bool in_request = false;

  bool operator==(const RespTranscript&) const = default;
};

// A model of a connection: gives a parser its input piece by piece, drops what was consumed, lets
// the bytes move, and takes or declines the offers to receive large bulks by itself.
class RespFeed {
 public:
  enum class LargeBulks { kDecline, kAccept };

  explicit RespFeed(LargeBulks large_bulks, const RespParser::Limits& limits = {})
      : parser_(limits), accept_(large_bulks == LargeBulks::kAccept) {}

  // Bytes behind an error are ignored, as they are by a connection that is being closed.
  void receive(std::string_view bytes) {
    while (!bytes.empty() && transcript_.error.empty()) {
      const std::size_t wanted = large_bulk_left_ > 0 ? large_bulk_left_ : bytes.size();
      const std::string_view piece = bytes.substr(0, wanted);
      bytes.remove_prefix(piece.size());
      if (large_bulk_left_ > 0) {
        receive_large_bulk(piece);
      } else {
        input_.append(piece);
        parse_all();
      }
    }
  }

  const RespTranscript& transcript() {
    transcript_.in_request = parser_.in_request();
    return transcript_;
  }

  std::size_t large_bulks_received() const { return large_bulks_received_; }

 private:
  void parse_all() {
    std::vector<std::string_view> args;
    std::size_t offset = 0;
    RespParser::Status status = RespParser::Status::kRequest;
    while (status == RespParser::Status::kRequest) {
      args.clear();
      status = parser_.parse(input_, offset, args);
      if (status != RespParser::Status::kRequest) break;
      transcript_.requests.emplace_back(args.begin(), args.end());
      large_bulks_.clear();
    }
    if (status == RespParser::Status::kError) transcript_.error = parser_.error();
    if (status == RespParser::Status::kLargeBulk && accept_) begin_large_bulk(offset);
    drop_consumed(offset);
  }

  // Small inputs go to memory of just their size, so that a sanitizer sees any stale view.
  void drop_consumed(std::size_t offset) {
    constexpr std::size_t kSmallBytes = 256;
    if (input_.size() - offset <= kSmallBytes) {
      input_ = std::string(std::string_view(input_).substr(offset));
    } else {
      input_.erase(0, offset);
    }
  }

  void begin_large_bulk(std::size_t offset) {
    const std::size_t payload_at = offset + parser_.large_bulk_start();
    std::string& payload = large_bulks_.emplace_back();
    payload.reserve(parser_.large_bulk_bytes());
    payload.append(input_, payload_at);
    large_bulk_left_ = parser_.large_bulk_bytes() - payload.size();
    input_.resize(payload_at);
  }

  void receive_large_bulk(std::string_view piece) {
    large_bulks_.back().append(piece);
    large_bulk_left_ -= piece.size();
    if (large_bulk_left_ > 0) return;
    parser_.large_bulk_received(large_bulks_.back());
    ++large_bulks_received_;
  }

  RespParser parser_;
  bool accept_;
  std::string input_;
  std::deque<std::string> large_bulks_;  // of the request in progress
  std::size_t large_bulk_left_ = 0;
  std::size_t large_bulks_received_ = 0;
  RespTranscript transcript_;
};

}  // namespace tarn
