#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/protocol/memcached_parser.h"

namespace tarn {

// Reads requests of memcached's text and meta protocols; see MemcachedParser for how to call it.
// The format is protocol.txt of memcached 1.6; leniencies and error lines are those of that server.
//
// The arguments of a request are its words and, for a storage command, the data block as the last
// one. Behind a large block, the line end is expected in the input.
//
// Header lines of storage commands are checked here, since without a valid one nobody knows where
// the next request begins: after an error in it, memcached takes the data block for requests. All
// other words are for those who run the request. A line that has no end is kFatal.
class MemcachedTextParser final : public MemcachedParser {
 public:
  // A line that is longer before its end is seen is no request, but for those of many keys.
  static constexpr std::size_t kMaxLineBytes = 2048;
  // The longest name and password that a client may send to authenticate.
  static constexpr std::size_t kMaxCredentialBytes = 4096;

  Status parse(std::string_view input, std::size_t& offset,
               std::vector<std::string_view>& args) override;
  std::size_t large_block_bytes() const override { return block_bytes_; }
  std::size_t large_block_start() const override { return line_bytes_; }
  void large_block_received(std::string_view block) override;
  void go_back(std::size_t skip_bytes) override;

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

  std::size_t scanned_ = 0;     // bytes of the line in progress that hold no end of it
  std::size_t line_bytes_ = 0;  // of the request in progress, its end included
  std::size_t block_bytes_ = 0;
  std::optional<std::string_view> received_;  // the block in progress, where the caller has it
};

}  // namespace tarn
