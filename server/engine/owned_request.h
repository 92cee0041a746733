#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/memory/blob.h"

namespace tarn {

struct Command;

// A request that outlives the input it came in: it is held by a gate, waits for keys, or is queued
// in a transaction. Its arguments are copied once, into one allocation; large ones that were
// received into blobs are shared.
class OwnedRequest {
 public:
  // `blobs` by position, shorter than `args` where the rest have none; `command` may be null.
  OwnedRequest(const Command* command, std::span<const std::string_view> args,
               std::span<const BlobRef> blobs);

  const Command* command() const { return command_; }
  std::span<const std::string_view> args() const { return {args_.get(), count_}; }
  std::span<const BlobRef> blobs() const { return blobs_; }

  // What the arguments take, shared blobs included.
  std::size_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Free {
    void operator()(std::string_view* args) const { ::operator delete(args); }
  };

  const Command* command_;
  std::size_t count_;
  std::unique_ptr<std::string_view[], Free> args_;  // the bytes that they view follow them
  std::vector<BlobRef> blobs_;
  std::size_t memory_bytes_;
};

}  // namespace tarn
