#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/engine/client_context.h"
#include "server/engine/large_argument.h"
#include "server/engine/owned_request.h"
#include "server/engine/request_batch.h"
#include "server/net/transport.h"
#include "server/protocol/memcached_parser.h"

namespace tarn {

struct MemcachedRequest : BatchedRequest {
  std::string_view error{};    // where there is no command: the reply, or nothing
  bool quiet = false;          // wants no reply
  std::size_t skip_bytes = 0;  // of data behind it that nobody wants; see MemcachedParser
  std::string_view line{};     // of the text protocol, while requests are logged
};

using MemcachedBatch = RequestBatch<MemcachedRequest>;

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
  std::size_t memory_bytes() const override;
  std::size_t argument_bytes() const override;
  void on_memory_changed() override;
  void on_closed() override;

  Session& session() { return session_; }

 private:
  void choose_protocol(std::string_view input);
  MemcachedParser::Status collect(std::string_view input, std::size_t& offset);
  MemcachedRequest make_item(MemcachedParser::Status status, std::size_t first_arg) const;
  const Command* find_command(std::span<const std::string_view> words) const;
  // Runs the batch, as far as it may be; returns the last request that did, or nullptr.
  const MemcachedRequest* run(std::uint64_t deadline_cycles);
  void execute(const MemcachedRequest& item);
  void execute(const Dispatcher::Request& request, bool quiet);
  void run_held();
  Taken begin_large_block(std::string_view input, std::size_t offset);
  bool within_input_limit(std::size_t waiting_bytes);
  bool may_run() const { return !session_.closing && !session_.paused; }
  bool restricted() const;
  // Whether connections and requests are logged, as by memcached's -vv.
  bool logs() const { return context_.clients.options.loglevel <= LogLevel::kVerbose; }
  void log_request(const MemcachedRequest& item) const;

  MemcachedContext& context_;
  Transport& transport_;
  std::unique_ptr<MemcachedParser> parser_;  // once the first byte is here
  bool binary_ = false;
  Session session_;

  LargeArgument receiving_;
  BlobRef received_;  // the large block of the request in progress
  std::vector<BlobRef> by_position_;
  std::optional<OwnedRequest> held_;  // by a gate
  bool held_quiet_ = false;
};

}  // namespace tarn
