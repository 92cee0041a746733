#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/numbers.h"
#include "server/net/output_buffer.h"

// RESP2 and RESP3 values as bytes; the specification is redis.io's "Redis serialization protocol".
// `protocol` is 2 or 3; in 2, types that it lacks are written as Redis writes them there.
namespace tarn::resp {

inline constexpr std::size_t kMaxHeaderBytes = 24;  // a type byte, 20 digits, CR LF

inline char* put_header(char* at, char type, std::int64_t number) {
  *at++ = type;
  at += format_int64(at, number);
  *at++ = '\r';
  *at++ = '\n';
  return at;
}

inline void write_header(OutputBuffer& out, char type, std::size_t count) {
  out.commit(put_header(out.reserve(kMaxHeaderBytes), type, static_cast<std::int64_t>(count)));
}

inline void write_integer(OutputBuffer& out, std::int64_t value) {
  out.commit(put_header(out.reserve(kMaxHeaderBytes), ':', value));
}

inline void write_bulk(OutputBuffer& out, std::string_view bytes) {
  constexpr std::size_t kOnePieceBytes = 1024;
  if (bytes.size() <= kOnePieceBytes) [[likely]] {
    char* at = out.reserve(kOnePieceBytes + 2 * kMaxHeaderBytes);
    at = put_header(at, '$', static_cast<std::int64_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
    *at++ = '\r';
    *at++ = '\n';
    out.commit(at);
    return;
  }
  write_header(out, '$', bytes.size());
  out.append(bytes);
  out.append("\r\n");
}

inline void write_bulk_integer(OutputBuffer& out, std::int64_t value) {
  char digits[kMaxInt64Chars];
  const std::size_t length = format_int64(digits, value);
  char* at = put_header(out.reserve(2 * kMaxHeaderBytes), '$', static_cast<std::int64_t>(length));
  for (std::size_t i = 0; i < length; ++i) *at++ = digits[i];
  *at++ = '\r';
  *at++ = '\n';
  out.commit(at);
}

inline void write_bulk(OutputBuffer& out, BlobRef blob, std::string_view bytes) {
  write_header(out, '$', bytes.size());
  out.append_shared(std::move(blob), bytes);
  out.append("\r\n");
}

void write_simple(OutputBuffer& out, std::string_view text);
void write_double(OutputBuffer& out, double value, int protocol);
void write_double_digits(OutputBuffer& out, std::string_view digits, int protocol);
void write_big_number(OutputBuffer& out, std::string_view digits, int protocol);
void write_verbatim(OutputBuffer& out, std::string_view format, std::string_view text,
                    int protocol);

}  // namespace tarn::resp
