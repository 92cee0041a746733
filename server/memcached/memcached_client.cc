#include "server/memcached/memcached_client.h"

#include <algorithm>

#include "core/base/cycle_clock.h"
#include "core/base/log.h"
#include "core/base/quoting.h"
#include "server/engine/gates.h"
#include "server/memcached/families.h"
#include "server/memcached/key_code.h"
#include "server/protocol/memcached_binary_parser.h"
#include "server/protocol/memcached_text_parser.h"

namespace tarn {
namespace {

constexpr std::string_view kNoSuchCommand = "ERROR";
constexpr std::size_t kBinaryKeyArgument = 1;
constexpr std::size_t kBinaryHeaderArgument = 2;

// Whether mg, which reads, also writes with these flags.
bool changes_item(std::span<const std::string_view> flags) {
  return std::any_of(flags.begin(), flags.end(),
                     [](std::string_view flag) { return flag[0] == 'N' || flag[0] == 'T'; });
}

std::string_view first_line(std::string_view input) {
  return input.substr(0, input.find_first_of("\r\n"));
}

// So that a line of the log stays one.
std::string escaped(std::string_view bytes) {
  const std::string quoted = quote(bytes);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

MemcachedContext::MemcachedContext(ClientContext& common, const CommandTable& table)
    : clients(common),
      commands(table),
      authenticate(table.find(kAuthenticateCommand)),
      oversized(table.find(kOversizedCommand)),
      bad_block(table.find(kBadBlockCommand)),
      meta_get(table.find("mg")),
      meta_get_update(table.find(kMetaGetUpdate)) {}

MemcachedClient::MemcachedClient(Transport& transport, MemcachedContext& context)
    : context_(context),
      transport_(transport),
      session_(context.clients.clients.next_id(), transport.output(), Dialect::kMemcachedText) {
  session_.db = static_cast<unsigned>(context.clients.options.memcached_database);
  open_session(context.clients, session_, transport);
  if (logs()) log::verbose("<{} new client connection", session_.id);
}

MemcachedClient::~MemcachedClient() = default;

void MemcachedClient::on_closed() {
  if (logs()) log::verbose("<{} connection closed.", session_.id);
  end_session(context_.clients, session_);
}

std::size_t MemcachedClient::memory_bytes() const {
  // Both parsers are of about the same size.
  return sizeof(*this) + sizeof(MemcachedTextParser) + argument_bytes();
}

std::size_t MemcachedClient::argument_bytes() const {
  return receiving_.memory_bytes() + (received_ ? received_->size() : 0) +
         (held_ ? held_->memory_bytes() : 0);
}

void MemcachedClient::on_memory_changed() { context_.clients.on_memory_changed(session_); }

bool MemcachedClient::restricted() const {
  return (session_.gates & kAuthenticationGate) != 0 && !session_.authenticated;
}

InputHandler::Taken MemcachedClient::on_input(std::string_view input) {
  using Status = MemcachedParser::Status;
  Dispatcher& dispatcher = context_.clients.dispatcher;
  session_.last_active_ms = dispatcher.clock().monotonic_ms();
  if (parser_ == nullptr) {
    if (input.empty()) return {};
    choose_protocol(input);
  }
  const std::uint64_t deadline = CycleClock::now() + CycleClock::from_us(kClientTurnUs);
  std::size_t offset = 0;
  Status status = Status::kRequest;
  bool more = false;
  if (held_) run_held();
  while (status == Status::kRequest && may_run() && !more) {
    std::size_t parsed = offset;
    status = collect(input, parsed);
    context_.batch.prefetch(dispatcher.databases()[session_.db]);
    const MemcachedRequest* last = run(deadline);
    // Requests that were parsed but did not run stay in the input and are parsed again.
    if (last != nullptr && last != &context_.batch.items.back()) {
      parser_->go_back(last->skip_bytes);
      status = Status::kRequest;
      offset = last->end;
      more = may_run();
      break;
    }
    offset = parsed;
    more = status == Status::kRequest && dispatcher.last_end_cycles() > deadline;
  }
  if (!session_.reply.out().empty()) transport_.schedule_flush();
  if (session_.closing) return {input.size(), 0, false};
  enforce_output_limit(context_.clients, session_);
  if (session_.paused) {
    transport_.pause_input();
    return {offset, 0, false};
  }
  if (status == Status::kFatal) {
    session_.closing = true;
    transport_.close_after_flush();
    return {input.size(), 0, false};
  }
  if (!within_input_limit(input.size() - offset)) return {input.size(), 0, false};
  if (status == Status::kLargeBlock && !more) return begin_large_block(input, offset);
  return {offset, 0, more};
}

void MemcachedClient::choose_protocol(std::string_view input) {
  binary_ = static_cast<std::uint8_t>(input[0]) == memcached::kRequestMagic;
  if (binary_) {
    parser_ = std::make_unique<MemcachedBinaryParser>();
    session_.reply.speak(Dialect::kMemcachedBinary);
  } else {
    parser_ = std::make_unique<MemcachedTextParser>();
  }
}

// Parses requests up to a batch; `offset` moves behind the last complete one.
MemcachedParser::Status MemcachedClient::collect(std::string_view input, std::size_t& offset) {
  using Status = MemcachedParser::Status;
  MemcachedBatch& batch = context_.batch;
  const Options& options = context_.clients.options;
  batch.clear();
  parser_->limits() = {.max_item_bytes = static_cast<std::size_t>(options.memcached_max_item_size),
                       .max_encoded_key_bytes = max_encoded_key_bytes(options),
                       .authenticated = !restricted()};
  const std::size_t wanted = restricted() || received_ ? 1 : MemcachedBatch::kMaxRequests;
  const bool keep_lines = logs() && !binary_;
  while (batch.items.size() < wanted) {
    const std::size_t first = batch.args.size();
    const std::size_t begin = offset + parser_->skip_bytes();
    const Status status = parser_->parse(input, offset, batch.args);
    const bool incomplete =
        status == Status::kNeedMore || status == Status::kLargeBlock || status == Status::kFatal;
    if (incomplete) return status;
    batch.items.push_back(make_item(status, first));
    batch.items.back().end = offset;
    batch.items.back().skip_bytes = parser_->skip_bytes();
    if (keep_lines) [[unlikely]]
      batch.items.back().line = first_line(input.substr(begin));
  }
  return Status::kRequest;
}

MemcachedRequest MemcachedClient::make_item(MemcachedParser::Status status,
                                            std::size_t first_arg) const {
  using Status = MemcachedParser::Status;
  const MemcachedBatch& batch = context_.batch;
  MemcachedRequest item{{first_arg, batch.args.size() - first_arg, 0}};
  if (status == Status::kError) {
    item.error = parser_->error();
    return item;
  }
  item.quiet = parser_->quiet();
  if (restricted() && !binary_) {
    item.command = context_.authenticate;
  } else if (status == Status::kOversized) {
    item.command = context_.oversized;
  } else if (status == Status::kBadBlock) {
    item.command = context_.bad_block;
  } else {
    item.command = find_command(std::span(batch.args).subspan(first_arg));
    if (item.command == nullptr) item.error = kNoSuchCommand;
  }
  return item;
}

// Names are told apart by case. With too few words a command is not known either.
const Command* MemcachedClient::find_command(std::span<const std::string_view> words) const {
  const Command* command = context_.commands.find(words[0]);
  if (command == nullptr || command->row->name != words[0]) return nullptr;
  if (!command->arity_fits(words.size())) return nullptr;
  if (command == context_.meta_get && changes_item(words.subspan(2))) {
    return context_.meta_get_update;
  }
  return command;
}

const MemcachedRequest* MemcachedClient::run(std::uint64_t deadline_cycles) {
  const MemcachedRequest* last = nullptr;
  const bool logs_requests = logs();
  for (const MemcachedRequest& item : context_.batch.items) {
    if (logs_requests) [[unlikely]]
      log_request(item);
    execute(item);
    last = &item;
    if (!may_run()) break;
    if (context_.clients.dispatcher.last_end_cycles() > deadline_cycles) break;
  }
  return last;
}

// The data of a request is not shown, which may be a password.
void MemcachedClient::log_request(const MemcachedRequest& item) const {
  if (!item.line.empty()) return log::verbose("<{} {}", session_.id, escaped(item.line));
  if (item.command == nullptr) return;
  const std::string_view key = context_.batch.args_of(item)[kBinaryKeyArgument];
  log::verbose("<{} {} {}", session_.id, item.command->row->name, escaped(key));
}

void MemcachedClient::execute(const MemcachedRequest& item) {
  const MemcachedBatch& batch = context_.batch;
  const BlobRef received = std::move(received_);
  received_.reset();
  if (item.command == nullptr) {
    if (item.error.empty() || item.quiet) return;
    session_.reply.error_line(item.error);
    session_.reply.take_failed();
    context_.clients.dispatcher.errors().count(item.error);
    return;
  }
  const std::span args = batch.args_of(item);
  if (received && args.back().data() == received->data()) [[unlikely]] {
    by_position_.assign(args.size(), BlobRef());
    by_position_.back() = received;
  }
  execute({item.command, args, by_position_, batch.key_of(item)}, item.quiet);
  if (!by_position_.empty()) by_position_.clear();
}

void MemcachedClient::execute(const Dispatcher::Request& request, bool quiet) {
  if (binary_) session_.reply.answers(request.args[kBinaryHeaderArgument]);
  if (quiet) session_.reply_mode = Session::ReplyMode::kSkipThis;
  Dispatcher& dispatcher = context_.clients.dispatcher;
  if (dispatcher.execute(session_, request) == Dispatcher::Outcome::kHeld) {
    held_.emplace(request.command, request.args, request.blobs);
    held_quiet_ = quiet;
  }
}

void MemcachedClient::run_held() {
  const OwnedRequest held = std::move(*held_);
  held_.reset();
  execute({held.command(), held.args(), held.blobs(), nullptr}, held_quiet_);
}

InputHandler::Taken MemcachedClient::begin_large_block(std::string_view input, std::size_t offset) {
  const std::string_view block = input.substr(offset + parser_->large_block_start());
  receiving_.begin(parser_->large_block_bytes(), block);
  return {offset, block.size(), false};
}

std::span<char> MemcachedClient::direct_target() { return receiving_.target(); }

void MemcachedClient::on_direct(std::size_t bytes) {
  receiving_.add(bytes);
  session_.last_active_ms = context_.clients.dispatcher.clock().monotonic_ms();
  if (!within_input_limit(receiving_.received_bytes()) || !receiving_.complete()) return;
  received_ = receiving_.take();
  parser_->large_block_received(received_->view());
}

bool MemcachedClient::within_input_limit(std::size_t waiting_bytes) {
  if (received_) waiting_bytes += received_->size();
  return enforce_input_limit(context_.clients, session_, waiting_bytes);
}

}  // namespace tarn
