#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "server/protocol/memcached_parser.h"

namespace tarn {

// A model of a connection: gives a parser its input piece by piece, drops what was consumed, lets
// the bytes move, and takes or declines the offers to receive large blocks by itself. Notes what
// came out, a line a request: its words, "!" and the error line, or "dead".
template <class Parser>
class MemcachedFeed {
 public:
  using Status = MemcachedParser::Status;

  enum class LargeBlocks { kDecline, kAccept };

  // Of words that are longer than `shown_bytes`, the length is noted only.
  explicit MemcachedFeed(LargeBlocks large_blocks, MemcachedParser::Limits limits = {},
                         std::size_t shown_bytes = 300)
      : accept_(large_blocks == LargeBlocks::kAccept), shown_bytes_(shown_bytes) {
    parser_.limits() = limits;
  }

  void receive(std::string_view bytes) {
    while (!bytes.empty() && !dead_) {
      const std::size_t wanted = block_left_ > 0 ? block_left_ : bytes.size();
      const std::string_view piece = bytes.substr(0, wanted);
      bytes.remove_prefix(piece.size());
      if (block_left_ > 0) {
        blocks_.back().append(piece);
        block_left_ -= piece.size();
        if (block_left_ > 0) continue;
        parser_.large_block_received(blocks_.back());
        parse_all();
      } else {
        input_.append(piece);
        parse_all();
      }
    }
  }

  const std::string& seen() const { return seen_; }
  std::size_t blocks_received() const { return blocks_.size(); }
  // The parser has given up, as the last line of seen() says.
  bool dead() const { return dead_; }

 private:
  void parse_all() {
    std::size_t offset = 0;
    while (true) {
      std::vector<std::string_view> args;
      const Status status = parser_.parse(input_, offset, args);
      TARN_ASSERT(offset <= input_.size());
      if (status == Status::kBadBlock) {
        note("bad block:", args);
      } else if (status == Status::kRequest || status == Status::kOversized) {
        note(status == Status::kOversized ? "too large:" : "", args);
      } else if (status == Status::kError) {
        seen_ += "!" + std::string(parser_.error()) + "\n";
      } else {
        TARN_ASSERT(args.empty());
        if (status == Status::kFatal) die();
        if (status == Status::kLargeBlock && accept_) begin_block(offset);
        break;
      }
    }
    // Elsewhere in memory, and in just as much as it needs, so that a sanitizer sees stale views.
    input_ = std::string(std::string_view(input_).substr(offset));
  }

  void note(std::string_view mark, const std::vector<std::string_view>& args) {
    seen_ += mark;
    for (const std::string_view arg : args) {
      if (arg.size() > shown_bytes_) {
        seen_ += "[" + std::to_string(arg.size()) + "]";
      } else {
        seen_ += arg;
      }
      seen_ += "|";
    }
    seen_ += parser_.quiet() ? "quiet\n" : "\n";
  }

  void begin_block(std::size_t offset) {
    const std::size_t start = offset + parser_.large_block_start();
    TARN_ASSERT(start <= input_.size());
    blocks_.push_back(input_.substr(start));
    TARN_ASSERT(blocks_.back().size() < parser_.large_block_bytes());
    block_left_ = parser_.large_block_bytes() - blocks_.back().size();
    blocks_.back().reserve(parser_.large_block_bytes());
    input_.resize(start);
  }

  void die() {
    dead_ = true;
    seen_ += "dead\n";
  }

  Parser parser_;
  const bool accept_;
  const std::size_t shown_bytes_;
  std::string input_;
  std::deque<std::string> blocks_;
  std::size_t block_left_ = 0;
  std::string seen_;
  bool dead_ = false;
};

}  // namespace tarn
