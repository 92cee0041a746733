#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "core/memory/blob.h"

namespace tarn {

// A large argument on its way from the socket straight into the blob that can become the value.
class LargeArgument {
 public:
  // One of so many bytes, of which these have come. REQUIRES: no other is on its way.
  void begin(std::size_t bytes, std::string_view first) {
    blob_ = Blob::allocate(bytes, bytes);
    std::memcpy(blob_->data(), first.data(), first.size());
    received_bytes_ = first.size();
  }

  // Where what is left of it shall be received; empty where none is on its way.
  std::span<char> target() const {
    if (!blob_) return {};
    return {blob_->data() + received_bytes_, blob_->size() - received_bytes_};
  }
  void add(std::size_t bytes) { received_bytes_ += bytes; }
  std::size_t received_bytes() const { return received_bytes_; }
  // What was set aside for it.
  std::size_t memory_bytes() const { return blob_ ? blob_->size() : 0; }
  bool complete() const { return received_bytes_ == blob_->size(); }

  // REQUIRES: complete(). None is on its way then.
  BlobRef take() { return std::exchange(blob_, BlobRef()); }

 private:
  BlobRef blob_;
  std::size_t received_bytes_ = 0;
};

}  // namespace tarn
