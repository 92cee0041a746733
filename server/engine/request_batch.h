#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "server/engine/command.h"

namespace tarn {

// Fetches where keys lie whose directories were fetched before: first all buckets, then all
// entries.
inline void prefetch_places(const Keyspace& keyspace, std::span<Key> keys) {
  for (Key& key : keys) keyspace.prefetch_bucket(key);
  for (Key& key : keys) keyspace.prefetch_entry(key);
}

// A request of a batch. Protocols that have more to say of one derive from it.
struct BatchedRequest {
  std::size_t first_arg;
  std::size_t arg_count;
  std::size_t end;  // offset in the input behind the request
  const Command* command = nullptr;
  std::ptrdiff_t key = -1;  // index in keys, or none
};

// The requests of one batch. Scratch memory: one serves all clients, one after the other.
template <class Request>
struct RequestBatch {
  // Enough for the misses of a batch to overlap; more would push each other out of the cache.
  static constexpr std::size_t kMaxRequests = 128;

  std::vector<std::string_view> args;
  std::vector<Request> items;
  std::vector<Key> keys;

  void clear() {
    args.clear();
    items.clear();
    keys.clear();
  }

  std::span<const std::string_view> args_of(const Request& request) const {
    return {args.data() + request.first_arg, request.arg_count};
  }
  // The place of the request's first key, where it was fetched.
  const Key* key_of(const Request& request) const {
    return request.key < 0 ? nullptr : &keys[static_cast<std::size_t>(request.key)];
  }

  // Fetches the first keys of all requests, stage by stage; nothing for a single request.
  void prefetch(const Keyspace& keyspace) {
    if (items.size() < 2) return;
    for (Request& request : items) {
      if (request.command == nullptr || request.command->first_key == 0) continue;
      const auto position = static_cast<std::size_t>(request.command->first_key);
      if (position >= request.arg_count) continue;
      request.key = static_cast<std::ptrdiff_t>(keys.size());
      keyspace.prefetch_directory(keys.emplace_back(args[request.first_arg + position]));
    }
    prefetch_places(keyspace, keys);
  }
};

}  // namespace tarn
