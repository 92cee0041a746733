#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace tarn {

// Received bytes that wait for the rest of their request. Holds no memory while empty.
class InputBuffer {
 public:
  std::string_view view() const { return {memory_.get() + start_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }

  void append(std::string_view bytes);
  // At least `bytes` of room behind the content; commit() makes what was written there content.
  std::span<char> room(std::size_t bytes);
  void commit(std::size_t bytes) { size_ += bytes; }
  void consume(std::size_t bytes);
  void drop_back(std::size_t bytes) { size_ -= bytes; }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t start_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tarn
