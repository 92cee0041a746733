#include "server/protocol/memcached_binary_parser.h"

#include <algorithm>

#include "core/base/assert.h"

namespace tarn {
namespace {

using memcached::BinaryHeader;
using memcached::kBinaryHeaderBytes;
using memcached::Opcode;

// What may stand in the value of a request that authenticates.
constexpr std::size_t kMaxCredentialBytes = 4096;

constexpr std::string_view kMalformed = "binary malformed";
constexpr std::string_view kUnauthenticated = "binary unauthenticated";
constexpr std::string_view kOversized = "binary oversized";
constexpr std::string_view kUnknown = "binary unknown";

bool authenticates(Opcode opcode) {
  return opcode == Opcode::kSaslAuth || opcode == Opcode::kSaslStep;
}

bool takes_value(Opcode opcode) {
  switch (opcode) {
    case Opcode::kSet:
    case Opcode::kSetQ:
    case Opcode::kAdd:
    case Opcode::kAddQ:
    case Opcode::kReplace:
    case Opcode::kReplaceQ:
    case Opcode::kAppend:
    case Opcode::kAppendQ:
    case Opcode::kPrepend:
    case Opcode::kPrependQ: return true;
    default: return false;
  }
}

}  // namespace

std::string_view MemcachedBinaryParser::command_name(std::uint8_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::kGet:
    case Opcode::kGetQ:
    case Opcode::kGetK:
    case Opcode::kGetKQ: return "binary get";
    case Opcode::kSet:
    case Opcode::kSetQ: return "binary set";
    case Opcode::kAdd:
    case Opcode::kAddQ: return "binary add";
    case Opcode::kReplace:
    case Opcode::kReplaceQ: return "binary replace";
    case Opcode::kAppend:
    case Opcode::kAppendQ: return "binary append";
    case Opcode::kPrepend:
    case Opcode::kPrependQ: return "binary prepend";
    case Opcode::kDelete:
    case Opcode::kDeleteQ: return "binary delete";
    case Opcode::kIncrement:
    case Opcode::kIncrementQ: return "binary increment";
    case Opcode::kDecrement:
    case Opcode::kDecrementQ: return "binary decrement";
    case Opcode::kTouch:
    case Opcode::kGat:
    case Opcode::kGatQ:
    case Opcode::kGatK:
    case Opcode::kGatKQ: return "binary touch";
    case Opcode::kFlush:
    case Opcode::kFlushQ: return "binary flush";
    case Opcode::kQuit:
    case Opcode::kQuitQ: return "binary quit";
    case Opcode::kNoop: return "binary noop";
    case Opcode::kVersion: return "binary version";
    case Opcode::kStat: return "binary stat";
    case Opcode::kSaslList: return "binary sasl list";
    case Opcode::kSaslAuth: return "binary sasl auth";
    case Opcode::kSaslStep: return "binary sasl step";
  }
  return kUnknown;
}

MemcachedParser::Status MemcachedBinaryParser::parse(std::string_view input, std::size_t& offset,
                                                     std::vector<std::string_view>& args) {
  TARN_ASSERT(offset <= input.size());
  if (!pass_over_unwanted(input, offset)) return Status::kNeedMore;
  input.remove_prefix(offset);
  if (!input.empty() && static_cast<std::uint8_t>(input[0]) != memcached::kRequestMagic) {
    return Status::kFatal;
  }
  if (input.size() < kBinaryHeaderBytes) return Status::kNeedMore;
  const BinaryHeader header = BinaryHeader::read(input.data());
  const auto opcode = static_cast<Opcode>(header.opcode);
  const std::size_t before_key = kBinaryHeaderBytes + header.extras_bytes;
  const std::size_t before_value = before_key + header.key_bytes;
  const std::size_t total = kBinaryHeaderBytes + header.body_bytes;

  // Requests that are understood from their header; what comes behind it is passed over.
  const auto header_only = [&](std::string_view name) {
    args.insert(args.end(), {name, {}, input.substr(0, kBinaryHeaderBytes), {}});
    skip_bytes_ = header.body_bytes;
    return complete(Status::kRequest, offset, kBinaryHeaderBytes);
  };
  if (before_value > total) return header_only(kMalformed);
  const std::string_view name = command_name(header.opcode);
  const bool may_run = limits_.authenticated || authenticates(opcode) ||
                       opcode == Opcode::kSaslList || opcode == Opcode::kVersion;
  if (!may_run) return header_only(kUnauthenticated);
  if (header.key_bytes > memcached::kMaxBinaryKeyBytes) return header_only(kMalformed);
  if (name == kUnknown) return header_only(kUnknown);
  const std::size_t value_bytes = total - before_value;
  if (authenticates(opcode)) {
    if (value_bytes > kMaxCredentialBytes) return header_only(kMalformed);
  } else if (!takes_value(opcode)) {
    if (value_bytes > 0) return header_only(kMalformed);
  } else if (value_bytes > limits_.max_item_bytes && !received_) {
    if (input.size() < before_value) return Status::kNeedMore;
    args.insert(args.end(), {kOversized, input.substr(before_key, header.key_bytes),
                             input.substr(0, before_key), std::string_view()});
    skip_bytes_ = value_bytes;
    return complete(Status::kRequest, offset, before_value);
  }

  const std::size_t value_here = received_ ? 0 : value_bytes;
  if (input.size() < before_value + value_here) {
    if (input.size() < before_value || value_here < kLargeBlockBytes) return Status::kNeedMore;
    value_start_ = before_value;
    value_bytes_ = value_bytes;
    return Status::kLargeBlock;
  }
  args.insert(args.end(),
              {name, input.substr(before_key, header.key_bytes), input.substr(0, before_key),
               received_ ? *received_ : input.substr(before_value, value_bytes)});
  return complete(Status::kRequest, offset, before_value + value_here);
}

MemcachedParser::Status MemcachedBinaryParser::complete(Status status, std::size_t& offset,
                                                        std::size_t bytes) {
  offset += bytes;
  received_.reset();
  return status;
}

void MemcachedBinaryParser::large_block_received(std::string_view block) {
  TARN_ASSERT(block.size() == value_bytes_);
  received_ = block;
}

void MemcachedBinaryParser::go_back(std::size_t skip_bytes) {
  skip_bytes_ = skip_bytes;
  received_.reset();
}

}  // namespace tarn
