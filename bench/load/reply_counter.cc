#include "bench/load/reply_counter.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tarn::load {
namespace {

constexpr uint64_t kLineEnd = 2;

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
