#include "server/engine/resp_client.h"

#include "core/base/cycle_clock.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

// A web page can make its reader's browser send requests here, with commands in the body. They
// begin with lines that no client sends.
bool is_http(std::string_view command) {
  return equals_ignoring_case(command, "post") || equals_ignoring_case(command, "host:");
}

}  // namespace

RespClient::RespClient(Transport& transport, RespContext& context)
    : context_(context),
      transport_(transport),
      session_(context.clients.next_id(), transport.output()) {
  open_session(context, session_, transport);
}

RespClient::~RespClient() = default;

void RespClient::on_closed() { end_session(context_, session_); }

std::size_t RespClient::memory_bytes() const {
  return sizeof(*this) + parser_.memory_bytes() + argument_bytes();
}

std::size_t RespClient::argument_bytes() const {
  std::size_t bytes = receiving_.memory_bytes() + (held_ ? held_->memory_bytes() : 0);
  for (const BlobRef& blob : received_) bytes += blob->size();
  return bytes;
}

void RespClient::on_memory_changed() { context_.on_memory_changed(session_); }

InputHandler::Taken RespClient::on_input(std::string_view input) {
  session_.last_active_ms = context_.dispatcher.clock().monotonic_ms();
  const std::uint64_t deadline = CycleClock::now() + CycleClock::from_us(kClientTurnUs);
  std::size_t offset = 0;
  RespParser::Status status = RespParser::Status::kRequest;
  bool more = false;
  if (held_) run_held();
  while (status == RespParser::Status::kRequest && may_run() && !more) {
    std::size_t parsed = offset;
    status = collect(input, parsed);
    prefetch();
    const std::size_t ran = run(offset, deadline);
    // Requests that were parsed but did not run stay in the input and are parsed again.
    if (!context_.batch.items.empty() && ran != context_.batch.items.back().end) {
      parser_.reset();
      status = RespParser::Status::kRequest;
      offset = ran;
      more = may_run();
      break;
    }
    offset = parsed;
    more =
        status == RespParser::Status::kRequest && context_.dispatcher.last_end_cycles() > deadline;
  }
  if (!session_.reply.out().empty()) transport_.schedule_flush();
  if (session_.closing) return {input.size(), 0, false};
  enforce_output_limit(context_, session_);
  if (session_.paused || session_.blocked) {
    parser_.reset();
    transport_.pause_input();
    return {offset, 0, false};
  }
  if (status == RespParser::Status::kError) {
    fail_protocol();
    return {input.size(), 0, false};
  }
  if (!within_input_limit(input.size() - offset)) return {input.size(), 0, false};
  if (status == RespParser::Status::kLargeBulk && !more) return begin_large_bulk(input, offset);
  return {offset, 0, more};
}

// Parses requests up to a batch; `offset` moves behind the last complete one.
RespParser::Status RespClient::collect(std::string_view input, std::size_t& offset) {
  RespBatch& batch = context_.batch;
  batch.clear();
  const bool restricted = (session_.gates & kAuthenticationGate) != 0 && !session_.authenticated;
  parser_.limits().max_bulk_bytes = static_cast<std::int64_t>(context_.options.proto_max_bulk_len);
  parser_.limits().authenticated = !restricted;
  const std::size_t wanted = restricted || !received_.empty() ? 1 : RespBatch::kMaxRequests;
  RespParser::Status status = RespParser::Status::kRequest;
  while (batch.items.size() < wanted) {
    const std::size_t first = batch.args.size();
    status = parser_.parse(input, offset, batch.args);
    if (status != RespParser::Status::kRequest) break;
    batch.items.push_back({first, batch.args.size() - first, offset});
  }
  return status;
}

void RespClient::prefetch() {
  RespBatch& batch = context_.batch;
  const CommandTable& table = context_.dispatcher.table();
  bool with_members = false;
  for (BatchedRequest& item : batch.items) {
    item.command = table.find(batch.args[item.first_arg]);
    with_members |= item.command != nullptr && item.command->member != 0;
  }
  const Keyspace& keyspace = context_.dispatcher.databases()[session_.db];
  batch.prefetch(keyspace);
  if (with_members) prefetch_members(keyspace);
}

// What consecutive commands name in one large collection is fetched together; a single command
// would gain nothing. Nothing runs in between, so a collection that is found is there until the
// end.
void RespClient::prefetch_members(const Keyspace& keyspace) {
  const RespBatch& batch = context_.batch;
  std::vector<std::string_view>& members = context_.members;
  const Key* key = nullptr;
  const auto fetch = [&] {
    const Collection* collection = members.size() > 1 ? keyspace.large_collection(*key) : nullptr;
    if (collection != nullptr) collection->prefetch_members(members);
    members.clear();
  };
  for (const BatchedRequest& item : batch.items) {
    if (item.key < 0 || item.command->member == 0) continue;
    if (item.command->member >= item.arg_count) continue;
    const Key* const named = batch.key_of(item);
    if (key == nullptr || named->hash != key->hash || named->bytes != key->bytes) {
      fetch();
      key = named;
    }
    members.push_back(batch.args[item.first_arg + item.command->member]);
  }
  fetch();
}

std::size_t RespClient::run(std::size_t offset, std::uint64_t deadline_cycles) {
  RespBatch& batch = context_.batch;
  Dispatcher& dispatcher = context_.dispatcher;
  for (const BatchedRequest& item : batch.items) {
    const std::span args = batch.args_of(item);
    if (item.command == nullptr && is_http(args[0])) [[unlikely]] {
      drop_http();
      return item.end;
    }
    const std::span<const BlobRef> blobs =
        received_.empty() ? std::span<const BlobRef>() : blobs_of(item);
    const Dispatcher::Request request{item.command, args, blobs, batch.key_of(item)};
    if (dispatcher.execute(session_, request) == Dispatcher::Outcome::kHeld) {
      held_.emplace(item.command, args, blobs);
    }
    offset = item.end;
    if (!by_position_.empty()) by_position_.clear();
    if (!may_run() || dispatcher.last_end_cycles() > deadline_cycles) break;
  }
  return offset;
}

void RespClient::drop_http() {
  close_client(context_, session_, "it speaks HTTP; an attack, perhaps");
}

void RespClient::run_held() {
  OwnedRequest held = std::move(*held_);
  held_.reset();
  const Dispatcher::Request request{held.command(), held.args(), held.blobs(), nullptr};
  if (context_.dispatcher.execute(session_, request) == Dispatcher::Outcome::kHeld) {
    held_ = std::move(held);
  }
}

// The blobs that large arguments were received into, by the argument's position.
std::span<const BlobRef> RespClient::blobs_of(const BatchedRequest& item) {
  by_position_.assign(item.arg_count, BlobRef());
  for (const BlobRef& blob : received_) {
    for (std::size_t i = 0; i < item.arg_count; ++i) {
      if (context_.batch.args[item.first_arg + i].data() == blob->data()) by_position_[i] = blob;
    }
  }
  received_.clear();
  return by_position_;
}

InputHandler::Taken RespClient::begin_large_bulk(std::string_view input, std::size_t offset) {
  const std::size_t start = offset + parser_.large_bulk_start();
  const std::string_view payload = input.substr(start);
  receiving_.begin(parser_.large_bulk_bytes(), payload);
  return {offset, payload.size(), false};
}

std::span<char> RespClient::direct_target() { return receiving_.target(); }

void RespClient::on_direct(std::size_t bytes) {
  receiving_.add(bytes);
  session_.last_active_ms = context_.dispatcher.clock().monotonic_ms();
  if (!within_input_limit(receiving_.received_bytes()) || !receiving_.complete()) return;
  received_.push_back(receiving_.take());
  parser_.large_bulk_received(received_.back()->view());
}

// What a transaction has queued counts: it was received, and has not run.
bool RespClient::within_input_limit(std::size_t waiting_bytes) {
  for (const BlobRef& blob : received_) waiting_bytes += blob->size();
  if (in_transaction(session_)) waiting_bytes += session_.transaction->argument_bytes();
  return enforce_input_limit(context_, session_, waiting_bytes);
}

void RespClient::fail_protocol() {
  const std::string text = "ERR Protocol error: " + std::string(parser_.error());
  session_.reply.error(text);
  session_.reply.take_failed();
  context_.dispatcher.errors().count(text);
  if (context_.log_closing) context_.log_closing(session_, text);
  session_.closing = true;
  transport_.close_after_flush();
}

}  // namespace tarn
