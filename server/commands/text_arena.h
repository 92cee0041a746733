#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tarn {

// Copies of many texts that are needed for a while and go together. Each is followed by a zero
// byte, for functions of the C library.
class TextArena {
 public:
  // The copy; it lives as long as the arena.
  std::string_view keep(std::string_view text) {
    char* copy = room(text.size());
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  // Where a text of so many bytes is to be written, with the zero behind it.
  char* room(std::size_t size) {
    const std::size_t bytes = size + 1;
    if (bytes > left_) add_block(bytes);
    char* place = next_;
    place[size] = '\0';
    next_ += bytes;
    left_ -= bytes;
    return place;
  }

  std::size_t memory_bytes() const {
    return block_bytes_ + blocks_.capacity() * sizeof(std::unique_ptr<char[]>);
  }

 private:
  static constexpr std::size_t kBlockBytes = 64 * 1024;

  void add_block(std::size_t at_least) {
    const std::size_t bytes = at_least > kBlockBytes / 4 ? at_least : kBlockBytes;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    next_ = blocks_.back().get();
    left_ = bytes;
    block_bytes_ += bytes;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t block_bytes_ = 0;
};

}  // namespace tarn
