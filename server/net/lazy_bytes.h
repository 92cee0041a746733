#pragma once

#include <cstddef>
#include <string_view>

namespace tarn {

// Bytes that are made when it is their turn to be sent: what is too long to wait in an output
// buffer as a whole. Anything may happen to the data before the last of them is sent.
class LazyBytes {
 public:
  LazyBytes() = default;
  LazyBytes(const LazyBytes&) = delete;
  LazyBytes& operator=(const LazyBytes&) = delete;
  virtual ~LazyBytes() = default;

  // The bytes that come next, some 16 KiB where there are so many; valid until the next call. Empty
  // at the end.
  virtual std::string_view next() = 0;
  // What it holds.
  virtual std::size_t memory_bytes() const = 0;
};

}  // namespace tarn
