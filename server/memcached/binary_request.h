#pragma once

#include <cstdint>
#include <string_view>

#include "server/engine/call.h"
#include "server/memcached/items.h"
#include "server/protocol/memcached_binary.h"

namespace tarn::memcached {

// What memcached says for a status.
std::string_view text_of(BinaryStatus status);

// A request of the binary protocol, and the replies to it. Its arguments are those that
// MemcachedBinaryParser makes.
class BinaryRequest {
 public:
  explicit BinaryRequest(Call& call)
      : call_(call), header_(BinaryHeader::read(call.args[2].data())) {}

  Opcode opcode() const { return static_cast<Opcode>(header_.opcode); }
  const BinaryHeader& header() const { return header_; }
  std::string_view key() const { return call_.args[1]; }
  std::string_view value() const { return call_.args[3]; }
  // A number in the extras. REQUIRES: they reach so far.
  template <class Number>
  Number extra(std::size_t offset) const {
    return read_big_endian<Number>(call_.args[2].data() + kBinaryHeaderBytes + offset);
  }
  // The quiet forms reply only where something is out of the ordinary.
  bool quiet() const;
  // The CAS that the item must have; 0 is none.
  std::optional<std::uint64_t> compare_cas() const {
    return header_.cas == 0 ? std::nullopt : std::optional(header_.cas);
  }

  enum class KeyRule : std::uint8_t { kNeeded, kNone, kOptional };
  // Whether the packet has extras of that size and a key or none. Else the client is told, and its
  // connection ends, as it cannot be trusted to mean what it sends.
  bool has_shape(std::size_t extras_bytes, KeyRule rule);
  void refuse();

  void reply(BinaryStatus status, std::string_view extras, std::string_view key,
             std::string_view value, std::uint64_t cas);
  void reply_ok(std::uint64_t cas = 0) { reply(BinaryStatus::kOk, {}, {}, {}, cas); }
  void reply_error(BinaryStatus status);
  // The item's flags and, where asked for, key and data.
  void reply_item(const Entry& item, std::uint64_t cas, bool with_key, bool with_value);

 private:
  char* begin_packet(BinaryStatus status, std::size_t extras_bytes, std::size_t key_bytes,
                     std::size_t value_bytes, std::uint64_t cas, std::size_t room);

  Call& call_;
  const BinaryHeader header_;
};

}  // namespace tarn::memcached
