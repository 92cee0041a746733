#include "server/net/input_buffer.h"

#include <algorithm>
#include <cstring>

namespace tarn {

void InputBuffer::append(std::string_view bytes) {
  std::memcpy(room(bytes.size()).data(), bytes.data(), bytes.size());
  commit(bytes.size());
}

std::span<char> InputBuffer::room(std::size_t bytes) {
  if (capacity_ - start_ - size_ < bytes) {
    if (capacity_ - size_ >= bytes && start_ >= capacity_ / 2) {
      std::memmove(memory_.get(), memory_.get() + start_, size_);
    } else {
      const std::size_t capacity = std::max(size_ + bytes, capacity_ + capacity_ / 2);
      auto grown = std::make_unique_for_overwrite<char[]>(capacity);
      if (size_ > 0) std::memcpy(grown.get(), memory_.get() + start_, size_);
      memory_ = std::move(grown);
      capacity_ = capacity;
    }
    start_ = 0;
  }
  return {memory_.get() + start_ + size_, capacity_ - start_ - size_};
}

void InputBuffer::consume(std::size_t bytes) {
  start_ += bytes;
  size_ -= bytes;
  if (size_ == 0) {
    memory_.reset();
    capacity_ = start_ = 0;
  }
}

}  // namespace tarn
