#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/client_context.h"
#include "server/engine/large_argument.h"
#include "server/engine/request_batch.h"
#include "server/engine/session.h"
#include "server/net/transport.h"
#include "server/protocol/resp_parser.h"

namespace tarn {

using RespBatch = RequestBatch<BatchedRequest>;

// What the clients that speak RESP share.
struct RespContext : ClientContext {
  RespBatch batch{};
  std::vector<std::string_view> members{};  // of one collection; scratch memory as the batch is
};

// A client that speaks RESP: turns what its connection receives into commands, and runs them.
//
// All complete requests of one receipt are a batch. A lookup in a large keyspace waits for memory
// three times: for the directory, the bucket and the entry. So before a batch runs, its first keys
// are hashed, and each of these stages is prefetched for all of them before the next one begins;
// the misses overlap, and the place that was found is carried along (Key::hint). Where commands
// name a member of a large collection, the members follow as a fourth stage.
//
// A batch ends early when it took long, for the sake of other clients; when the client has yet to
// authenticate, since AUTH changes what the parser accepts; when the client is held or goes.
//
// A large argument is received into a blob that can become the value; see RespParser.
class RespClient final : public InputHandler {
 public:
  RespClient(Transport& transport, RespContext& context);
  ~RespClient() override;

  Taken on_input(std::string_view input) override;
  std::span<char> direct_target() override;
  void on_direct(std::size_t bytes) override;
  std::size_t memory_bytes() const override;
  std::size_t argument_bytes() const override;
  void on_memory_changed() override;
  void on_closed() override;

  Session& session() { return session_; }

 private:
  RespParser::Status collect(std::string_view input, std::size_t& offset);
  void prefetch();
  void prefetch_members(const Keyspace& keyspace);
  // Returns the offset behind the last request that ran.
  std::size_t run(std::size_t offset, std::uint64_t deadline_cycles);
  void drop_http();
  void run_held();
  std::span<const BlobRef> blobs_of(const BatchedRequest& item);
  Taken begin_large_bulk(std::string_view input, std::size_t offset);
  bool within_input_limit(std::size_t waiting_bytes);
  void fail_protocol();
  bool may_run() const { return !session_.closing && !session_.paused && !session_.blocked; }

  RespContext& context_;
  Transport& transport_;
  RespParser parser_;
  Session session_;

  std::vector<BlobRef> received_;  // large arguments of the request in progress
  std::vector<BlobRef> by_position_;
  std::optional<OwnedRequest> held_;  // by a gate
  LargeArgument receiving_;
};

}  // namespace tarn
