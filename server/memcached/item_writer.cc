#include "server/memcached/item_writer.h"

#include "core/base/numbers.h"
#include "core/memory/blob.h"
#include "server/protocol/resp_writer.h"

namespace tarn::memcached {

void write_value(OutputBuffer& out, std::string_view key, const Entry& item,
                 const std::uint64_t* cas) {
  // Keys of RESP's clients may be longer than a chunk; those of this protocol are not.
  constexpr std::size_t kOnePieceBytes = 4096;
  constexpr std::size_t kHeaderBytes = 128;
  const StringView value(item);
  const std::string_view bytes = value.bytes();
  const bool in_one_piece = key.size() + bytes.size() <= kOnePieceBytes;
  char* at = out.reserve(kHeaderBytes + (in_one_piece ? key.size() + bytes.size() : key.size()));
  at = put(at, "VALUE ");
  at = put(at, key);
  *at++ = ' ';
  at += format_uint64(at, item.client_flags());
  *at++ = ' ';
  at += format_uint64(at, bytes.size());
  if (cas != nullptr) {
    *at++ = ' ';
    at += format_uint64(at, *cas);
  }
  at = put(at, "\r\n");
  if (!in_one_piece) {
    out.commit(at);
    return write_data(out, item);
  }
  at = put(at, bytes);
  out.commit(put(at, "\r\n"));
}

void write_data(OutputBuffer& out, const Entry& item) {
  write_bytes(out, item, StringView(item));
  out.append("\r\n");
}

void write_bytes(OutputBuffer& out, const Entry& item, std::string_view value) {
  if (item.string_encoding() == StringEncoding::kBlob && Blob::deserves_reference(value.size())) {
    out.append_shared(BlobRef::share(item.blob()), value);
  } else {
    out.append(value);
  }
}

void write_number(OutputBuffer& out, std::uint64_t number) {
  char* at = out.reserve(kMaxInt64Chars);
  out.commit(at + format_uint64(at, number));
}

void write_signed(OutputBuffer& out, std::int64_t number) {
  char* at = out.reserve(kMaxInt64Chars);
  out.commit(at + format_int64(at, number));
}

}  // namespace tarn::memcached
