#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/result.h"

namespace tarn {

// Where bytes come from: a file, memory, a socket, or a filter behind one of these.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Fills the buffer as far as there is something; fewer bytes mean the end. Fails with words that
  // name the place and the offset.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;

  // What messages call it: a path, for example.
  virtual const std::string& name() const = 0;
  // Bytes of the underlying file that have been read, and all that it has (0 where unknown); for
  // showing progress.
  virtual std::uint64_t consumed_bytes() const = 0;
  virtual std::uint64_t total_bytes() const = 0;
};

}  // namespace tarn
