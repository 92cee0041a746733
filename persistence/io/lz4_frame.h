#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "persistence/io/byte_sink.h"
#include "persistence/io/byte_source.h"

struct LZ4F_cctx_s;
struct LZ4F_dctx_s;

namespace tarn {

// The standard LZ4 frame format (lz4_Frame_format.md of the LZ4 project), as the tool `lz4` writes
// and reads it.

inline constexpr std::string_view kLz4Magic{"\x04\x22\x4d\x18", 4};

// Compresses what is written into one frame, with a checksum for each block and one for the whole.
class Lz4Sink final : public ByteSink {
 public:
  explicit Lz4Sink(ByteSink& target);
  ~Lz4Sink() override;

  Result<> write(std::string_view bytes) override;
  // Ends the frame, and finishes the target.
  Result<> finish() override;

 private:
  Result<> begin();
  Result<> pass_on(std::size_t result);

  ByteSink& target_;
  LZ4F_cctx_s* context_ = nullptr;
  std::unique_ptr<char[]> buffer_;
  std::size_t buffer_bytes_ = 0;
};

// Expands frames, one after the other, and verifies every checksum in them.
class Lz4Source final : public ByteSource {
 public:
  // `already_read` is what was read of the source before.
  Lz4Source(ByteSource& source, std::string_view already_read);
  ~Lz4Source() override;

  Result<std::size_t> read(std::span<char> buffer) override;
  const std::string& name() const override { return source_.name(); }
  // Of the compressed bytes.
  std::uint64_t consumed_bytes() const override { return source_.consumed_bytes(); }
  std::uint64_t total_bytes() const override { return source_.total_bytes(); }

 private:
  Result<bool> refill();
  Error damaged(std::string_view what) const;

  ByteSource& source_;
  LZ4F_dctx_s* context_ = nullptr;
  std::unique_ptr<char[]> input_;
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  std::uint64_t expanded_ = 0;
  bool in_frame_ = true;
};

}  // namespace tarn
