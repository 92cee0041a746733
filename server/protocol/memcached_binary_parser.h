#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "server/protocol/memcached_binary.h"
#include "server/protocol/memcached_parser.h"

namespace tarn {

// Reads requests of memcached's binary protocol; see memcached_binary.h for the format, and
// MemcachedParser for how to call it. The arguments of a request are
//
//     name, key, header with extras, value
//
// where the name is that of the command's row ("binary set"), the same for the quiet form.
//
// What is wrong with a packet has a name too, whose command says so: "binary malformed" where
// lengths contradict each other or are out of bounds, "binary oversized", "binary unknown" and
// "binary unauthenticated". A packet that does not begin with the magic byte is kFatal.
class MemcachedBinaryParser final : public MemcachedParser {
 public:
  Status parse(std::string_view input, std::size_t& offset,
               std::vector<std::string_view>& args) override;
  std::size_t large_block_bytes() const override { return value_bytes_; }
  std::size_t large_block_start() const override { return value_start_; }
  void large_block_received(std::string_view block) override;
  void go_back(std::size_t skip_bytes) override;

  // The name of the row for an opcode; never empty.
  static std::string_view command_name(std::uint8_t opcode);

 private:
  Status complete(Status status, std::size_t& offset, std::size_t bytes);

  std::size_t value_start_ = 0;
  std::size_t value_bytes_ = 0;
  std::optional<std::string_view> received_;
};

}  // namespace tarn
