#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/engine/client_context.h"
#include "server/engine/owned_request.h"
#include "server/net/transport.h"
#include "server/protocol/memcached_parser.h"

namespace tarn {

// The requests of one batch. Scratch memory: one serves all clients, one after the other.
struct MemcachedBatch {
  struct Item {
    std::size_t first_arg;
    std::size_t arg_count;
    std::size_t end;             // offset in the input behind the request
    std::size_t skip_bytes = 0;  // of its data, behind that
    const Command* command = nullptr;
    std::string_view error{};  // where there is no command: the reply, or nothing
    std::ptrdiff_t key = -1;   // index in keys, or none
    bool quiet = false;        // wants no reply
  };

  std::vector<std::string_view> args;
  std::vector<Item> items;
  std::vector<Key> keys;

  void clear() {
    args.clear();
    items.clear();
    keys.clear();
  }
};

// What the clients that speak memcached's protocols share.
struct MemcachedContext {
  // With the rows of server/memcached/families.h.
  MemcachedContext(ClientContext& common, const CommandTable& table);

  ClientContext& clients;
  const CommandTable& commands;
  const Command* const authenticate;
  const Command* const oversized;
  const Command* const bad_block;
  const Command* const meta_get;
  const Command* const meta_get_update;
  MemcachedBatch batch{};
};

// A client that speaks memcached's text and meta protocols, or its binary one, which the first byte
// tells: turns what its connection receives into commands, and has the dispatcher run them, as
// RespClient does for RESP; batches and their prefetching are the same. Its commands are those of a
// table of their own, and work on the strings of one database.
class MemcachedClient final : public InputHandler {
 public:
  MemcachedClient(Transport& transport, MemcachedContext& context);
  ~MemcachedClient() override;

  Taken on_input(std::string_view input) override;
  std::span<char> direct_target() override;
  void on_direct(std::size_t bytes) override;
  void on_closed() override;

  Session& session() { return session_; }

 private:
  void choose_protocol(std::string_view input);
  MemcachedParser::Status collect(std::string_view input, std::size_t& offset);
  MemcachedBatch::Item make_item(MemcachedParser::Status status, std::size_t first_arg) const;
  const Command* find_command(std::span<const std::string_view> words) const;
  void prefetch();
  // Runs the batch, as far as it may be; returns the last request that did, or nullptr.
  const MemcachedBatch::Item* run(std::uint64_t deadline_cycles);
  void execute(const MemcachedBatch::Item& item);
  void execute(const Dispatcher::Request& request, bool quiet);
  void run_held();
  Taken begin_large_block(std::string_view input, std::size_t offset);
  bool within_input_limit(std::size_t waiting_bytes);
  bool may_run() const { return !session_.closing && !session_.paused; }
  bool restricted() const;

  MemcachedContext& context_;
  Transport& transport_;
  std::unique_ptr<MemcachedParser> parser_;  // once the first byte is here
  bool binary_ = false;
  Session session_;

  BlobRef receiving_;  // the large block that is on its way
  std::size_t received_bytes_ = 0;
  BlobRef received_;  // the large block of the request in progress
  std::vector<BlobRef> by_position_;
  std::optional<OwnedRequest> held_;  // by a gate
  bool held_quiet_ = false;
};

}  // namespace tarn
