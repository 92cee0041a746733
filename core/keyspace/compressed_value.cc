#include "core/keyspace/compressed_value.h"

#include <lz4.h>

#include "core/base/assert.h"

namespace tarn {
namespace {

constexpr std::size_t kMaxHeaderBytes = 6;

}  // namespace

bool CompressedValue::compress(std::string_view plain, std::uint8_t encoding, std::string& to) {
  const std::size_t allowed = plain.size() - plain.size() / 4;
  if (allowed <= kMaxHeaderBytes) return false;
  to.resize(allowed);
  std::size_t at = 0;
  to[at++] = static_cast<char>(encoding);
  std::size_t length = plain.size();
  for (; length >= 0x80; length >>= 7) to[at++] = static_cast<char>(length | 0x80);
  to[at++] = static_cast<char>(length);
  // Gives up as soon as there is no room left.
  const int block = ::LZ4_compress_default(
      plain.data(), to.data() + at, static_cast<int>(plain.size()), static_cast<int>(allowed - at));
  if (block <= 0) return false;
  to.resize(at + static_cast<std::size_t>(block));
  return true;
}

CompressedValue::CompressedValue(std::string_view stored)
    : plain_encoding_(static_cast<std::uint8_t>(stored[0])) {
  std::size_t at = 1;
  for (unsigned shift = 0;; shift += 7) {
    const auto group = static_cast<unsigned char>(stored[at++]);
    plain_bytes_ |= std::size_t{group & 0x7fu} << shift;
    if (group < 0x80) break;
  }
  block_ = stored.substr(at);
}

void CompressedValue::expand(char* to) const {
  const int expanded = ::LZ4_decompress_safe(block_.data(), to, static_cast<int>(block_.size()),
                                             static_cast<int>(plain_bytes_));
  TARN_ASSERT(expanded == static_cast<int>(plain_bytes_));
}

PlainEntry::PlainEntry(const Entry& entry) : entry_(&entry) {
  if (!entry.holds_compressed_collection()) return;
  const CompressedValue value(entry.value());
  Entry::Layout layout = entry.layout();
  layout.value_bytes = value.plain_bytes();
  copy_ = std::make_unique_for_overwrite<char[]>(layout.bytes());
  Entry* copy =
      Entry::construct(copy_.get(), layout, entry.type(), value.plain_encoding(), entry.key());
  copy->copy_attributes(entry);
  value.expand(copy->mutable_value());
  entry_ = copy;
}

}  // namespace tarn
