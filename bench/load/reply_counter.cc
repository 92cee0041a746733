#include "bench/load/reply_counter.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace tarn::load {
namespace {

constexpr uint64_t kLineEnd = 2;
// Of memcached's binary protocol.
constexpr char kPacketMagic = '\x81';
constexpr size_t kPacketHeaderBytes = 24;

int64_t parse(std::string_view digits) {
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

uint64_t ReplyCounter::feed(std::string_view bytes) {
  ended_ = 0;
  while (!bytes.empty()) {
    if (skip_ > 0) {
      const uint64_t taken = std::min<uint64_t>(skip_, bytes.size());
      bytes.remove_prefix(taken);
      skip_ -= taken;
      if (skip_ == 0 && protocol_ == Protocol::kResp) end_element();
      if (skip_ == 0 && std::exchange(in_packet_, false)) end_reply();
      continue;
    }
    if (protocol_ == Protocol::kMemcached && begins_packet(bytes)) {
      take_packet(bytes);
      continue;
    }
    const size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      partial_ += bytes;
      break;
    }
    if (partial_.empty()) {
      take_line(bytes.substr(0, newline));
    } else {
      partial_ += bytes.substr(0, newline);
      take_line(partial_);
      partial_.clear();
    }
    bytes.remove_prefix(newline + 1);
  }
  return ended_;
}

bool ReplyCounter::begins_packet(std::string_view bytes) const {
  return (partial_.empty() ? bytes : std::string_view(partial_)).front() == kPacketMagic;
}

// A packet's header: its status is at 6, the length of what follows at 8.
void ReplyCounter::take_packet(std::string_view& bytes) {
  const size_t taken = std::min(kPacketHeaderBytes - partial_.size(), bytes.size());
  partial_ += bytes.substr(0, taken);
  bytes.remove_prefix(taken);
  if (partial_.size() < kPacketHeaderBytes) return;
  const auto at = [this](size_t i) { return uint64_t{static_cast<unsigned char>(partial_[i])}; };
  const uint64_t status = at(6) << 8 | at(7);
  skip_ = at(8) << 24 | at(9) << 16 | at(10) << 8 | at(11);
  partial_.clear();
  missed_ = status == 1;
  if (status > 1) take_error("status " + std::to_string(status));
  in_packet_ = skip_ > 0;
  if (skip_ == 0) end_reply();
}

void ReplyCounter::take_line(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return;
  if (protocol_ == Protocol::kResp) {
    take_resp_line(line);
  } else {
    take_memcached_line(line);
  }
}

void ReplyCounter::take_resp_line(std::string_view line) {
  const char type = line.front();
  const bool bulk = type == '$' || type == '=';
  const bool aggregate = type == '*' || type == '%' || type == '~' || type == '>';
  if (!bulk && !aggregate) {
    if (type == '-') take_error(line);
    if (type == '_') missed_ = true;
    return end_element();
  }
  const int64_t size = parse(line.substr(1));
  if (size < 0) {
    missed_ = true;
    return end_element();
  }
  if (bulk) {
    skip_ = static_cast<uint64_t>(size) + kLineEnd;
    return;
  }
  open_ += static_cast<uint64_t>(size) * (type == '%' ? 2 : 1);
  end_element();
}

void ReplyCounter::take_memcached_line(std::string_view line) {
  if (line.starts_with("VALUE ")) {
    size_t field = 0;  // VALUE <key> <flags> <bytes> [<cas>]
    for (int i = 0; i < 3; ++i) field = line.find(' ', field) + 1;
    skip_ = static_cast<uint64_t>(parse(line.substr(field))) + kLineEnd;
    value_seen_ = true;
    return;
  }
  if (line == "END") {
    missed_ = !value_seen_;
    value_seen_ = false;
  } else if (line == "ERROR" || line.starts_with("CLIENT_ERROR") ||
             line.starts_with("SERVER_ERROR")) {
    take_error(line);
  }
  end_reply();
}

void ReplyCounter::take_error(std::string_view line) {
  if (errors_++ == 0) first_error_ = line;
}

void ReplyCounter::end_element() {
  if (--open_ > 0) return;
  open_ = 1;
  end_reply();
}

void ReplyCounter::end_reply() {
  ++ended_;
  misses_ += missed_ ? 1 : 0;
  if (outcomes_ != nullptr) outcomes_->push_back(missed_);
  missed_ = false;
}

}  // namespace tarn::load
