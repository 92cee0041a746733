#include "server/memcached/meta_request.h"

#include "server/memcached/text_support.h"
#include "server/protocol/memcached_numbers.h"

namespace tarn::memcached {
namespace {

constexpr std::size_t kMaxFlags = 17;
constexpr std::size_t kMaxOpaqueBytes = 31;

constexpr std::string_view kTooManyFlags = "CLIENT_ERROR options flags too long";
constexpr std::string_view kTooManyFlagsToGet = "CLIENT_ERROR options flags are too long";
constexpr std::string_view kDuplicateFlag = "CLIENT_ERROR duplicate flag";
constexpr std::string_view kInvalidFlag = "CLIENT_ERROR invalid flag";
constexpr std::string_view kBadToken = "CLIENT_ERROR bad token in command line format";
constexpr std::string_view kBadKey = "CLIENT_ERROR error decoding key";
constexpr std::string_view kLongOpaque = "CLIENT_ERROR opaque token too long";
constexpr std::string_view kBadMode = "CLIENT_ERROR incorrect length for M token";
constexpr std::string_view kBadDelta = "CLIENT_ERROR invalid numeric delta value";
constexpr std::string_view kBadInitial = "CLIENT_ERROR invalid numeric initial value";

}  // namespace

MetaRequest::MetaRequest(Call& call, std::size_t first_flag, std::size_t end) : call_(call) {
  if (end > first_flag) flags_ = call.args.subspan(first_flag, end - first_flag);
  if (flags_.size() > kMaxFlags) {
    error_ = call.args[0] == "mg" ? kTooManyFlagsToGet : kTooManyFlags;
    return;
  }
  error_ = read_flags();
  flags_are_wrong_ = !error_.empty() && error_ != kLongOpaque;
  if (error_.empty()) read_key();
}

std::string_view MetaRequest::read_flags() {
  for (const std::string_view flag : flags_) {
    const bool known = (flag[0] >= 'a' && flag[0] <= 'z') || (flag[0] >= 'A' && flag[0] <= 'Z');
    if (!known) return kInvalidFlag;
    if (has(flag[0])) return kDuplicateFlag;
    letters_ |= bit(flag[0]);
    const std::string_view error = read_flag(flag);
    if (!error.empty()) return error;
  }
  return {};
}

void MetaRequest::read_key() {
  const bool encoded = has('b');
  meta_key_ = MetaKey::read(call_, encoded);
  if (!meta_key_) {
    flags_are_wrong_ = MetaKey::fits(call_, encoded);
    error_ = flags_are_wrong_ ? kBadKey : lines::kBadFormat;
  } else if (encoded) {
    key_.emplace(meta_key_->bytes());
  } else {
    key_ = call_.key(1);
  }
}

std::string_view MetaRequest::read_flag(std::string_view flag) {
  const std::string_view token = flag.substr(1);
  bool fits = true;
  switch (flag[0]) {
    case 'T': fits = parse_memcached_signed(token, ttl_); break;
    case 'N': fits = parse_memcached_signed(token, vivify_); break;
    case 'R': fits = parse_memcached_signed(token, recache_); break;
    case 'C': fits = parse_memcached_unsigned(token, compare_cas_); break;
    case 'E': fits = parse_memcached_unsigned(token, new_cas_); break;
    case 'D': return parse_memcached_unsigned(token, delta_) ? "" : kBadDelta;
    case 'J': return parse_memcached_unsigned(token, initial_) ? "" : kBadInitial;
    case 'F': return parse_memcached_flags(token, client_flags_) ? "" : lines::kBadFormat;
    case 'M':
      if (token.size() != 1) return kBadMode;
      mode_ = token[0];
      break;
    case 'O': return token.size() <= kMaxOpaqueBytes ? "" : kLongOpaque;
    case 'I':
    case 'L':  // for proxies on the way
    case 'P':
    case 'b':
    case 'c':
    case 'f':
    case 'h':
    case 'k':
    case 'l':
    case 'q':
    case 's':
    case 't':
    case 'u':
    case 'v':
    case 'x': break;
    default: return kInvalidFlag;
  }
  return fits ? "" : kBadToken;
}

bool MetaRequest::write_identity(OutputBuffer& out, std::string_view flag) const {
  if (flag[0] == 'O') {
    out.append(" ");
    out.append(flag);
    return true;
  }
  if (flag[0] != 'k') return false;
  out.append(" k");
  out.append(meta_key_->in_line());
  if (meta_key_->encoded()) out.append(" b");
  return true;
}

void MetaRequest::write_bare(OutputBuffer& out, std::string_view code) const {
  out.append(code);
  for (const std::string_view flag : flags_) write_identity(out, flag);
  out.append("\r\n");
}

}  // namespace tarn::memcached
