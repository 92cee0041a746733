#include "server/memcached/binary_request.h"

#include "server/memcached/call_support.h"
#include "server/memcached/item_writer.h"

namespace tarn::memcached {

std::string_view text_of(BinaryStatus status) {
  switch (status) {
    case BinaryStatus::kOk: return "";
    case BinaryStatus::kNotFound: return "Not found";
    case BinaryStatus::kExists: return "Data exists for key.";
    case BinaryStatus::kTooLarge: return "Too large.";
    case BinaryStatus::kInvalid: return "Invalid arguments";
    case BinaryStatus::kNotStored: return "Not stored.";
    case BinaryStatus::kNotNumber: return "Non-numeric server-side value for incr or decr";
    case BinaryStatus::kAuthFailed: return "Auth failure.";
    case BinaryStatus::kUnknownCommand: return "Unknown command";
    case BinaryStatus::kServerError: return "Out of memory";
  }
  return "";
}

bool BinaryRequest::quiet() const {
  switch (opcode()) {
    case Opcode::kGetQ:
    case Opcode::kGetKQ:
    case Opcode::kGatQ:
    case Opcode::kGatKQ:
    case Opcode::kSetQ:
    case Opcode::kAddQ:
    case Opcode::kReplaceQ:
    case Opcode::kAppendQ:
    case Opcode::kPrependQ:
    case Opcode::kDeleteQ:
    case Opcode::kIncrementQ:
    case Opcode::kDecrementQ:
    case Opcode::kFlushQ:
    case Opcode::kQuitQ: return true;
    default: return false;
  }
}

bool BinaryRequest::has_shape(std::size_t extras_bytes, KeyRule rule) {
  const bool key_fits = rule == KeyRule::kOptional || key().empty() == (rule == KeyRule::kNone);
  if (header_.extras_bytes == extras_bytes && key_fits) return true;
  refuse(BinaryStatus::kInvalid);
  return false;
}

void BinaryRequest::refuse(BinaryStatus status) {
  reply_error(status);
  end_connection(call_);
}

// Room for the packet's header and `room` bytes more; returns the place behind the header.
char* BinaryRequest::begin_packet(BinaryStatus status, std::size_t extras_bytes,
                                  std::size_t key_bytes, std::size_t value_bytes, std::uint64_t cas,
                                  std::size_t room) {
  const BinaryHeader header{
      .magic = kResponseMagic,
      .opcode = header_.opcode,
      .key_bytes = static_cast<std::uint16_t>(key_bytes),
      .extras_bytes = static_cast<std::uint8_t>(extras_bytes),
      .status = static_cast<std::uint16_t>(status),
      .body_bytes = static_cast<std::uint32_t>(extras_bytes + key_bytes + value_bytes),
      .opaque = header_.opaque,
      .cas = cas};
  return header.write(call_.reply.out().reserve(kBinaryHeaderBytes + room));
}

void BinaryRequest::reply(BinaryStatus status, std::string_view extras, std::string_view key,
                          std::string_view value, std::uint64_t cas) {
  OutputBuffer& out = call_.reply.out();
  out.commit(begin_packet(status, extras.size(), key.size(), value.size(), cas, 0));
  out.append(extras);
  out.append(key);
  out.append(value);
}

void BinaryRequest::reply_error(BinaryStatus status) {
  write_error_packet(call_.reply.out(), header_, status, text_of(status));
}

void BinaryRequest::reply_item(const Entry& item, std::uint64_t cas, bool with_key,
                               bool with_value) {
  constexpr std::size_t kOnePieceBytes = 4096;
  constexpr std::size_t kFlagsBytes = 4;
  OutputBuffer& out = call_.reply.out();
  const std::string_view shown_key = with_key ? key() : std::string_view();
  const StringView text(item);
  const std::string_view value = with_value ? text.bytes() : std::string_view();
  const bool in_one_piece = value.size() <= kOnePieceBytes;
  char* at = begin_packet(BinaryStatus::kOk, kFlagsBytes, shown_key.size(), value.size(), cas,
                          kFlagsBytes + shown_key.size() + (in_one_piece ? value.size() : 0));
  at = put(write_big_endian(at, item.client_flags()), shown_key);
  if (in_one_piece) return out.commit(put(at, value));
  out.commit(at);
  write_bytes(out, item, value);
}

}  // namespace tarn::memcached
