#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "persistence/io/byte_sink.h"

namespace tarn {

// Writes to an open file, which it does not close, in pieces of kBufferBytes.
class FileSink final : public ByteSink {
 public:
  static constexpr std::size_t kBufferBytes = 256 * 1024;

  // `path` is for messages. With `sync_every_bytes` the file is synced whenever it has grown by so
  // much, so that the last sync does not find it all to do.
  FileSink(int fd, std::string path, std::uint64_t sync_every_bytes = 0);

  Result<> write(std::string_view bytes) override;
  Result<> finish() override { return flush(); }

 private:
  Result<> flush();
  Result<> put(std::string_view bytes);

  const int fd_;
  const std::string path_;
  const std::uint64_t sync_every_bytes_;
  std::uint64_t unsynced_bytes_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::size_t buffered_ = 0;
};

// Appends to a string.
class MemorySink final : public ByteSink {
 public:
  explicit MemorySink(std::string& bytes) : bytes_(bytes) {}

  Result<> write(std::string_view bytes) override {
    bytes_.append(bytes);
    return {};
  }

 private:
  std::string& bytes_;
};

}  // namespace tarn
