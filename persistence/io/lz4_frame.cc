#include "persistence/io/lz4_frame.h"

#include <fmt/core.h>
#include <lz4frame.h>

#include <algorithm>

#include "core/base/assert.h"

namespace tarn {
namespace {

// As much as is compressed in one call; a block of the frame is larger.
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kInputBytes = 256 * 1024;

LZ4F_preferences_t preferences() {
  LZ4F_preferences_t wanted{};
  wanted.frameInfo.blockSizeID = LZ4F_max1MB;
  wanted.frameInfo.blockMode = LZ4F_blockLinked;
  wanted.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  wanted.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  return wanted;
}

}  // namespace

Lz4Sink::Lz4Sink(ByteSink& target) : target_(target) {
  const LZ4F_preferences_t wanted = preferences();
  buffer_bytes_ = LZ4F_compressBound(kPieceBytes, &wanted) + LZ4F_HEADER_SIZE_MAX;
}

Lz4Sink::~Lz4Sink() { LZ4F_freeCompressionContext(context_); }

Result<> Lz4Sink::begin() {
  TARN_ASSERT(!LZ4F_isError(LZ4F_createCompressionContext(&context_, LZ4F_VERSION)));
  buffer_ = std::make_unique_for_overwrite<char[]>(buffer_bytes_);
  const LZ4F_preferences_t wanted = preferences();
  return pass_on(LZ4F_compressBegin(context_, buffer_.get(), buffer_bytes_, &wanted));
}

// Compressing fails only for want of room, and there is enough.
Result<> Lz4Sink::pass_on(std::size_t result) {
  TARN_ASSERT(!LZ4F_isError(result));
  return target_.write({buffer_.get(), result});
}

Result<> Lz4Sink::write(std::string_view bytes) {
  if (context_ == nullptr) {
    if (const auto begun = begin(); !begun) return begun;
  }
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPieceBytes);
    const auto passed = pass_on(LZ4F_compressUpdate(context_, buffer_.get(), buffer_bytes_,
                                                    piece.data(), piece.size(), nullptr));
    if (!passed) return passed;
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Result<> Lz4Sink::finish() {
  if (const auto begun = write({}); !begun) return begun;
  const auto passed = pass_on(LZ4F_compressEnd(context_, buffer_.get(), buffer_bytes_, nullptr));
  if (!passed) return passed;
  return target_.finish();
}

Lz4Source::Lz4Source(ByteSource& source, std::string_view already_read)
    : source_(source), input_(std::make_unique_for_overwrite<char[]>(kInputBytes)) {
  TARN_ASSERT(already_read.size() <= kInputBytes);
  TARN_ASSERT(!LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)));
  std::copy(already_read.begin(), already_read.end(), input_.get());
  input_end_ = already_read.size();
}

Lz4Source::~Lz4Source() { LZ4F_freeDecompressionContext(context_); }

Error Lz4Source::damaged(std::string_view what) const {
  return Error{fmt::format("{}: the LZ4 frame is damaged before offset {} (expanded: {}): {}",
                           name(), source_.consumed_bytes() - (input_end_ - input_begin_),
                           expanded_, what)};
}

// Returns whether there was more.
Result<bool> Lz4Source::refill() {
  const auto count = source_.read({input_.get(), kInputBytes});
  if (!count) return count.error();
  input_begin_ = 0;
  input_end_ = *count;
  return *count > 0;
}

Result<std::size_t> Lz4Source::read(std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    if (input_begin_ == input_end_) {
      const auto more = refill();
      if (!more) return more.error();
      if (!*more && in_frame_) return damaged("it ends too early");
      if (!*more) break;
    }
    std::size_t out = buffer.size() - filled;
    std::size_t in = input_end_ - input_begin_;
    const std::size_t hint = LZ4F_decompress(context_, buffer.data() + filled, &out,
                                             input_.get() + input_begin_, &in, nullptr);
    if (LZ4F_isError(hint)) return damaged(LZ4F_getErrorName(hint));
    input_begin_ += in;
    filled += out;
    expanded_ += out;
    in_frame_ = hint != 0;
  }
  return filled;
}

}  // namespace tarn
