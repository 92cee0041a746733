#include "server/protocol/resp_parser.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "core/base/quoting.h"

// How it works
//
// A request is read in steps: the count line, then for each argument a header line and a payload
// with CRLF behind it. A step either has all its bytes and moves Scan::at on, or changes nothing
// but `scanned_`, the part of an unfinished line that need not be searched again. When bytes run
// out, the position and the arguments seen so far are kept as offsets (suspend); the next call goes
// on from there and complete() puts those arguments before the ones it found itself. A request that
// is wholly in the input, the usual case, never touches that store: its views go right into `args`.
//
// A header line is nearly always a marker, a few digits and CRLF, so that is tried first, without a
// search for the end of the line; whatever else is there falls through to the careful way.
//
// What Redis tolerates is tolerated: the byte behind a header's CR and the two behind a payload are
// skipped unseen, whatever they are. A wrong header is reported once its line is complete, and a
// line without an end once it exceeds the limit. A NUL within a line, behind which Redis stops
// looking, is a byte like others here.

namespace tarn {
namespace {

constexpr std::size_t kLineEndBytes = 2;

// More arguments than a usual request has: memory for them is given back once it is complete.
constexpr std::size_t kMaxKeptSeenArguments = 1024;

}  // namespace

struct RespParser::Scan {
  const char* start;  // of the request
  const char* at;     // the next byte to read
  const char* end;    // of the input

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
};

RespParser::Status RespParser::parse(std::string_view input, std::size_t& offset,
                                     std::vector<std::string_view>& args) {
  TARN_ASSERT(offset + cursor_ <= input.size());
  if (args.empty() && !inline_requests_.empty()) inline_requests_.clear();

  const std::size_t first_arg = args.size();
  Scan scan{input.data() + offset, nullptr, input.data() + input.size()};
  while (scan.start != scan.end) {
    scan.at = scan.start + cursor_;
    const Status status =
        *scan.start == '*' ? parse_multibulk(scan, args) : parse_inline(scan, args);
    if (status != Status::kRequest) {
      suspend(scan, args, first_arg);
      return status;
    }
    complete(scan, args, first_arg);
    offset += static_cast<std::size_t>(scan.at - scan.start);
    if (args.size() != first_arg) return Status::kRequest;
    scan.start = scan.at;
  }
  return Status::kNeedMore;
}

// The steps below return kRequest for "done, go on". Those of the usual case are forced into one
// loop, which the compiler does not do by itself for functions of this size: a third less time a
// request.

RespParser::Status RespParser::parse_multibulk(Scan& scan, std::vector<std::string_view>& args) {
  Status status = arguments_left_ > 0 ? Status::kRequest : read_count(scan);
  while (status == Status::kRequest && arguments_left_ > 0) status = read_argument(scan, args);
  return status;
}

[[gnu::always_inline]] inline RespParser::Status RespParser::read_count(Scan& scan) {
  std::int64_t count = 0;
  if (!read_short_number(scan, count)) {
    const Status status =
        read_any_number(scan, count, "too big mbulk count string", "invalid multibulk length");
    if (status != Status::kRequest) return status;
  }
  if (count > limits_.max_multibulk) return fail("invalid multibulk length");
  if (count > kMaxUnauthenticatedArguments && !limits_.authenticated) {
    return fail("unauthenticated multibulk length");
  }
  arguments_left_ = std::max(count, std::int64_t{0});
  return Status::kRequest;
}

[[gnu::always_inline]] inline RespParser::Status RespParser::read_argument(
    Scan& scan, std::vector<std::string_view>& args) {
  if (bulk_bytes_ == kReceivedBulk) return skip_received_bulk(scan);
  if (bulk_bytes_ == kNoBulk) {
    const Status status = read_bulk_header(scan);
    if (status != Status::kRequest) return status;
  }
  const auto length = static_cast<std::size_t>(bulk_bytes_);
  if (scan.left() < length + kLineEndBytes) {
    const bool offer = bulk_bytes_ >= kLargeBulkBytes && scan.left() < length;
    return offer ? Status::kLargeBulk : Status::kNeedMore;
  }
  args.emplace_back(scan.at, length);
  scan.at += length + kLineEndBytes;
  bulk_bytes_ = kNoBulk;
  --arguments_left_;
  return Status::kRequest;
}

[[gnu::always_inline]] inline RespParser::Status RespParser::read_bulk_header(Scan& scan) {
  std::int64_t length = 0;
  const bool usual = scan.at != scan.end && *scan.at == '$' && read_short_number(scan, length);
  if (!usual) {
    const Status status =
        read_any_number(scan, length, "too big bulk count string", "invalid bulk length");
    if (status != Status::kRequest) return status;
  }
  if (length < 0 || length > limits_.max_bulk_bytes) return fail("invalid bulk length");
  if (length > kMaxUnauthenticatedBulkBytes && !limits_.authenticated) {
    return fail("unauthenticated bulk length");
  }
  bulk_bytes_ = length;
  return Status::kRequest;
}

// The payload is with the caller already and its argument noted; only the CRLF is left.
RespParser::Status RespParser::skip_received_bulk(Scan& scan) {
  if (scan.left() < kLineEndBytes) return Status::kNeedMore;
  scan.at += kLineEndBytes;
  bulk_bytes_ = kNoBulk;
  --arguments_left_;
  return Status::kRequest;
}

// A header of one to nine digits without a sign; false, with nothing changed, for all else.
[[gnu::always_inline]] inline bool RespParser::read_short_number(Scan& scan, std::int64_t& value) {
  constexpr std::ptrdiff_t kMaxDigits = 9;
  const char* const digits = scan.at + 1;  // behind the marker
  const char* const stop = scan.end - scan.at > kMaxDigits + 1 ? digits + kMaxDigits : scan.end;
  const char* p = digits;
  std::uint32_t sum = 0;
  for (; p < stop; ++p) {
    const auto digit = static_cast<std::uint32_t>(static_cast<unsigned char>(*p)) - '0';
    if (digit > 9) break;
    sum = sum * 10 + digit;
  }
  if (p == digits || scan.end - p < 2 || *p != '\r') return false;
  if (*digits == '0' && p != digits + 1) return false;
  value = sum;
  scan.at = p + kLineEndBytes;
  scanned_ = 0;
  return true;
}

RespParser::Status RespParser::read_any_number(Scan& scan, std::int64_t& value,
                                               std::string_view too_big, std::string_view invalid) {
  const char* cr = nullptr;
  const Status status = find_line_end(scan, '\r', cr, too_big);
  if (status != Status::kRequest) return status;
  if (scan.end - cr < 2) return Status::kNeedMore;

  const bool in_bulks = arguments_left_ > 0;
  if (in_bulks && *scan.at != '$') {
    // The reply is one line, so the byte shown must not end it.
    const char shown = *scan.at == '\r' || *scan.at == '\n' ? ' ' : *scan.at;
    return fail(std::string("expected '$', got '") + shown + "'");
  }
  const char* const digits = scan.at + 1;
  if (!parse_int64({digits, static_cast<std::size_t>(cr - digits)}, value)) return fail(invalid);
  scan.at = cr + kLineEndBytes;
  scanned_ = 0;
  return Status::kRequest;
}

RespParser::Status RespParser::find_line_end(const Scan& scan, char terminator, const char*& found,
                                             std::string_view too_big) {
  const std::size_t window = std::min(scan.left(), limits_.max_inline_bytes + 1);
  if (window > scanned_) {
    const void* hit = std::memchr(scan.at + scanned_, terminator, window - scanned_);
    if (hit != nullptr) {
      found = static_cast<const char*>(hit);
      scanned_ = static_cast<std::size_t>(found - scan.at);
      return Status::kRequest;
    }
  }
  scanned_ = window;
  return window > limits_.max_inline_bytes ? fail(too_big) : Status::kNeedMore;
}

RespParser::Status RespParser::parse_inline(Scan& scan, std::vector<std::string_view>& args) {
  const char* newline = nullptr;
  const Status status = find_line_end(scan, '\n', newline, "too big inline request");
  if (status != Status::kRequest) return status;

  std::string_view line(scan.at, static_cast<std::size_t>(newline - scan.at));
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::optional<std::vector<std::string>> words = split_quoted(line);
  if (!words) return fail("unbalanced quotes in request");
  if (!words->empty()) {
    inline_requests_.push_back(*std::move(words));
    args.insert(args.end(), inline_requests_.back().begin(), inline_requests_.back().end());
  }
  scan.at = newline + 1;
  return Status::kRequest;
}

void RespParser::large_bulk_received(std::string_view payload) {
  TARN_ASSERT(bulk_bytes_ >= kLargeBulkBytes && payload.size() == large_bulk_bytes());
  seen_.push_back({payload.data(), 0, payload.size()});
  bulk_bytes_ = kReceivedBulk;
}

// Keeps what this call found, relative to the request's start, and takes it off `args`.
void RespParser::suspend(const Scan& scan, std::vector<std::string_view>& args,
                         std::size_t first_arg) {
  for (std::size_t i = first_arg; i < args.size(); ++i) {
    const auto start = static_cast<std::size_t>(args[i].data() - scan.start);
    seen_.push_back({nullptr, start, args[i].size()});
  }
  args.resize(first_arg);
  cursor_ = static_cast<std::size_t>(scan.at - scan.start);
}

// Puts what earlier calls found before what this one found.
void RespParser::complete(const Scan& scan, std::vector<std::string_view>& args,
                          std::size_t first_arg) {
  if (!seen_.empty()) {
    const auto first = args.begin() + static_cast<std::ptrdiff_t>(first_arg);
    const auto place = args.insert(first, seen_.size(), std::string_view{});
    std::transform(seen_.begin(), seen_.end(), place, [&scan](const SeenArgument& seen) {
      const char* const data = seen.external != nullptr ? seen.external : scan.start + seen.start;
      return std::string_view(data, seen.length);
    });
  }
  forget_request();
}

void RespParser::forget_request() {
  cursor_ = 0;
  scanned_ = 0;
  arguments_left_ = 0;
  bulk_bytes_ = kNoBulk;
  if (seen_.capacity() > kMaxKeptSeenArguments) {
    seen_ = {};
  } else {
    seen_.clear();
  }
}

void RespParser::reset() {
  forget_request();
  inline_requests_.clear();
  error_.clear();
}

RespParser::Status RespParser::fail(std::string_view text) {
  error_ = text;
  return Status::kError;
}

}  // namespace tarn
