#include "server/engine/reply.h"

#include <algorithm>

#include "core/keyspace/compressed_value.h"
#include "core/keyspace/keyspace.h"

namespace tarn {
namespace {

constexpr std::size_t kMaxExpandedInPlace = 4096;

}  // namespace

void Reply::value(const Entry& entry) {
  switch (entry.string_encoding()) {
    case StringEncoding::kInteger: return bulk_integer(entry.integer());
    case StringEncoding::kEmbedded:
    case StringEncoding::kEdited: return bulk(entry.value());
    case StringEncoding::kBlob: return shared(entry.blob(), entry.blob()->view());
    case StringEncoding::kCompressed:
    case StringEncoding::kCompressedBlob: return expanded(entry);
  }
}

void Reply::shared(Blob* blob, std::string_view bytes) {
  if (!Blob::deserves_reference(bytes.size())) return bulk(bytes);
  bulk(BlobRef::share(blob), bytes);
}

// Straight into the buffer, where that has room for it in one piece.
void Reply::expanded(const Entry& entry) {
  const CompressedValue value(entry.compressed_value());
  const std::size_t bytes = value.plain_bytes();
  if (bytes > kMaxExpandedInPlace) {
    BlobRef blob = Blob::allocate(bytes, bytes);
    value.expand(blob->data());
    const std::string_view plain = blob->view();
    return bulk(std::move(blob), plain);
  }
  char* at = out_.reserve(resp::kMaxHeaderBytes + bytes + 2);
  at = resp::put_header(at, '$', static_cast<std::int64_t>(bytes));
  value.expand(at);
  at += bytes;
  *at++ = '\r';
  *at++ = '\n';
  out_.commit(at);
}

void Reply::close_array(OutputBuffer::Placeholder place, std::size_t elements) {
  char header[resp::kMaxHeaderBytes];
  const char* end = resp::put_header(header, '*', static_cast<std::int64_t>(elements));
  out_.fill(place, {header, static_cast<std::size_t>(end - header)});
}

void Reply::close_set(OutputBuffer::Placeholder place, std::size_t elements) {
  char header[resp::kMaxHeaderBytes];
  const char* end =
      resp::put_header(header, resp3() ? '~' : '*', static_cast<std::int64_t>(elements));
  out_.fill(place, {header, static_cast<std::size_t>(end - header)});
}

void Reply::close_map(OutputBuffer::Placeholder place, std::size_t pairs) {
  char header[resp::kMaxHeaderBytes];
  const char* end = resp3() ? resp::put_header(header, '%', static_cast<std::int64_t>(pairs))
                            : resp::put_header(header, '*', static_cast<std::int64_t>(pairs * 2));
  out_.fill(place, {header, static_cast<std::size_t>(end - header)});
}

void Reply::error(std::string_view text) {
  note_error(text);
  write_error(last_error_);
}

void Reply::error(std::string_view text, std::string_view words) {
  note_error(text);
  write_error(words);
}

void Reply::error_line(std::string_view line) {
  note_error(line);
  out_.append(last_error_);
  out_.append("\r\n");
}

void Reply::note_error(std::string_view text) {
  last_error_ = text.substr(0, text.find_last_not_of("\r\n") + 1);
  std::replace_if(
      last_error_.begin(), last_error_.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  failed_ = true;
}

void Reply::write_error(std::string_view words) {
  if (dialect_ == Dialect::kMemcachedBinary) {
    return memcached::write_error_packet(out_, answered_, memcached::BinaryStatus::kServerError,
                                         words);
  }
  out_.append(dialect_ == Dialect::kResp ? "-" : "SERVER_ERROR ");
  out_.append(words);
  out_.append("\r\n");
}

}  // namespace tarn
