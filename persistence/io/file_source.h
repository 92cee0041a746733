#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "persistence/io/byte_source.h"

namespace tarn {

// Reads a file, from an offset on.
class FileSource final : public ByteSource {
 public:
  static Result<std::unique_ptr<FileSource>> open(const std::string& path,
                                                  std::uint64_t offset = 0);
  ~FileSource() override;

  Result<std::size_t> read(std::span<char> buffer) override;
  const std::string& name() const override { return path_; }
  std::uint64_t consumed_bytes() const override { return consumed_; }
  std::uint64_t total_bytes() const override { return total_; }

 private:
  FileSource(int fd, std::string path, std::uint64_t offset, std::uint64_t total);

  const int fd_;
  const std::string path_;
  const std::uint64_t total_;
  std::uint64_t consumed_;
};

// As much as the file has of its first `count` bytes.
Result<std::string> read_first_bytes(const std::string& path, std::size_t count);

// Reads bytes that outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes, std::string name = "memory")
      : bytes_(bytes), name_(std::move(name)) {}

  Result<std::size_t> read(std::span<char> buffer) override;
  const std::string& name() const override { return name_; }
  std::uint64_t consumed_bytes() const override { return consumed_; }
  std::uint64_t total_bytes() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;
  const std::string name_;
  std::size_t consumed_ = 0;
};

}  // namespace tarn
