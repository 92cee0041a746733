// Any bytes as LZ4 frames: they expand or are refused, the same in whatever pieces they are read.

#include <lz4frame.h>
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "persistence/io/file_source.h"
#include "persistence/io/lz4_frame.h"
#include "tests/fuzz/mutation.h"

namespace tarn {
namespace {

constexpr std::size_t kMaxExpanded = 256 * 1024;

// What the frames hold, of much only the beginning; nothing where they are damaged. The first bytes
// were read before, as a caller does who looks at what a file is.
std::optional<std::string> expand(std::string_view bytes, std::size_t already_read,
                                  std::size_t piece_bytes) {
  MemorySource memory(bytes.substr(already_read));
  Lz4Source source(memory, bytes.substr(0, already_read));
  std::string expanded;
  while (expanded.size() < kMaxExpanded) {
    const std::size_t before = expanded.size();
    const std::size_t wanted = std::min(piece_bytes, kMaxExpanded - before);
    expanded.resize(before + wanted);
    const auto count = source.read(std::span(expanded).subspan(before));
    if (!count) return std::nullopt;
    TARN_ASSERT(*count <= wanted);
    expanded.resize(before + *count);
    if (*count < wanted) break;
  }
  return expanded;
}

void check(std::string_view bytes) {
  const std::size_t already_read = std::min(bytes.size(), kLz4Magic.size());
  const auto at_once = expand(bytes, already_read, kMaxExpanded);
  const auto in_pieces = expand(bytes, bytes.size() - already_read, 1 + bytes.size() % 8191);
  TARN_ASSERT(at_once == in_pieces);
}

// --- Mending
// ---------------------------------------------------------------------------------------

constexpr std::uint8_t kHasBlockChecksums = 0x10;
constexpr std::uint8_t kHasContentSize = 0x08;
constexpr std::uint8_t kHasContentChecksum = 0x04;
constexpr std::uint8_t kHasDictionary = 0x01;
constexpr std::uint32_t kStoredBlock = 0x8000'0000;
constexpr std::size_t kFlagsAt = 4;  // behind the magic
constexpr std::size_t kContentSizeAt = 6;
constexpr std::size_t kWordBytes = 4;

std::uint32_t checksum_of(std::string_view bytes) { return XXH32(bytes.data(), bytes.size(), 0); }

// Gives one frame the checksums that fit its bytes. Returns its size, as far as it is there.
class Mender {
 public:
  explicit Mender(std::string& bytes, std::size_t start) : bytes_(bytes), start_(start) {}

  std::size_t mend() {
    if (!has(kContentSizeAt + 1)) return left();
    const auto flags = static_cast<std::uint8_t>(bytes_[start_ + kFlagsAt]);
    at_ = kContentSizeAt;
    if ((flags & kHasContentSize) != 0) at_ += 2 * kWordBytes;
    if ((flags & kHasDictionary) != 0) at_ += kWordBytes;
    const std::size_t header_end = at_;
    if (!has(header_end + 1)) return left();
    mend_header(header_end);
    ++at_;
    if (!mend_blocks((flags & kHasBlockChecksums) != 0)) return left();
    if ((flags & (kHasContentSize | kHasContentChecksum)) == 0) return at_;

    const std::string content = content_of();
    if ((flags & kHasContentSize) != 0) {
      const std::uint64_t size = content.size();
      std::memcpy(&bytes_[start_ + kContentSizeAt], &size, sizeof size);
      mend_header(header_end);
    }
    if ((flags & kHasContentChecksum) == 0) return at_;
    if (!has(at_ + kWordBytes)) return left();
    put_word(checksum_of(content));
    return at_;
  }

 private:
  std::size_t left() const { return bytes_.size() - start_; }
  bool has(std::size_t end) const { return end <= left(); }
  std::string_view view(std::size_t from, std::size_t to) const {
    return std::string_view(bytes_).substr(start_ + from, to - from);
  }
  void put_word(std::uint32_t word) {
    std::memcpy(&bytes_[start_ + at_], &word, sizeof word);
    at_ += sizeof word;
  }
  void mend_header(std::size_t end) {
    bytes_[start_ + end] = static_cast<char>(checksum_of(view(kFlagsAt, end)) >> 8 & 0xff);
  }
  // Returns whether the frame's last block is there.
  bool mend_blocks(bool checksums) {
    while (has(at_ + kWordBytes)) {
      std::uint32_t word;
      std::memcpy(&word, &bytes_[start_ + at_], sizeof word);
      at_ += sizeof word;
      if (word == 0) return true;
      const std::size_t end = at_ + (word & ~kStoredBlock);
      if (!has(end + (checksums ? kWordBytes : 0))) return false;
      const std::uint32_t checksum = checksum_of(view(at_, end));
      at_ = end;
      if (checksums) put_word(checksum);
    }
    return false;
  }
  std::string content_of() const {
    LZ4F_dctx* context = nullptr;
    TARN_ASSERT(!LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
    LZ4F_decompressOptions_t options{};
    options.skipChecksums = 1;
    std::string content(kMaxExpanded, '\0');
    std::size_t out = content.size();
    std::size_t in = left();
    LZ4F_decompress(context, content.data(), &out, &bytes_[start_], &in, &options);
    LZ4F_freeDecompressionContext(context);
    content.resize(out);
    return content;
  }

  std::string& bytes_;
  const std::size_t start_;
  std::size_t at_ = 0;
};

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tarn::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

// Most mutations keep the checksums: of headers, of blocks and of contents.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace tarn;
  if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string bytes = mutate(std::string(reinterpret_cast<const char*>(data), size), max_size);
  for (std::size_t at = bytes.find(kLz4Magic); at != std::string::npos;) {
    const std::size_t frame_bytes = Mender(bytes, at).mend();
    at = bytes.find(kLz4Magic, at + std::max(frame_bytes, kLz4Magic.size()));
  }
  return replace_input(data, size, max_size, bytes);
}
