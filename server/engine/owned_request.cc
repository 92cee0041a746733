#include "server/engine/owned_request.h"

#include <cstring>
#include <new>

namespace tarn {

OwnedRequest::OwnedRequest(const Command* command, std::span<const std::string_view> args,
                           std::span<const BlobRef> blobs)
    : command_(command), count_(args.size()), blobs_(blobs.begin(), blobs.end()) {
  const auto shared = [&](std::size_t i) { return i < blobs.size() && blobs[i]; };
  std::size_t copied_bytes = 0;
  std::size_t shared_bytes = 0;
  for (std::size_t i = 0; i < args.size(); ++i) {
    (shared(i) ? shared_bytes : copied_bytes) += args[i].size();
  }
  const std::size_t allocated_bytes = args.size() * sizeof(std::string_view) + copied_bytes;
  args_.reset(static_cast<std::string_view*>(::operator new(allocated_bytes)));
  memory_bytes_ = allocated_bytes + shared_bytes;

  char* to = reinterpret_cast<char*>(args_.get() + args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    new (args_.get() + i) std::string_view(shared(i) ? args[i].data() : to, args[i].size());
    if (shared(i) || args[i].empty()) continue;
    std::memcpy(to, args[i].data(), args[i].size());
    to += args[i].size();
  }
}

}  // namespace tarn
