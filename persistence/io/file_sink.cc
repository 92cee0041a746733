#include "persistence/io/file_sink.h"

#include <cstring>
#include <utility>

#include "persistence/io/files.h"

namespace tarn {

FileSink::FileSink(int fd, std::string path, std::uint64_t sync_every_bytes)
    : fd_(fd),
      path_(std::move(path)),
      sync_every_bytes_(sync_every_bytes),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

Result<> FileSink::write(std::string_view bytes) {
  if (bytes.size() > kBufferBytes - buffered_) {
    if (const auto flushed = flush(); !flushed) return flushed;
    if (bytes.size() >= kBufferBytes) return put(bytes);
  }
  std::memcpy(buffer_.get() + buffered_, bytes.data(), bytes.size());
  buffered_ += bytes.size();
  return {};
}

Result<> FileSink::flush() { return put({buffer_.get(), std::exchange(buffered_, 0)}); }

Result<> FileSink::put(std::string_view bytes) {
  if (const auto written = write_all(fd_, bytes, path_); !written) return written;
  unsynced_bytes_ += bytes.size();
  if (sync_every_bytes_ == 0 || unsynced_bytes_ < sync_every_bytes_) return {};
  unsynced_bytes_ = 0;
  return sync_file(fd_, path_);
}

}  // namespace tarn
