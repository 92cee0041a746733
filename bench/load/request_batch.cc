#include "bench/load/request_batch.h"

#include <bit>
#include <charconv>
#include <utility>

namespace tarn::load {
namespace {

constexpr size_t kKeyDigits = 12;
constexpr std::string_view kMark = "__";

uint64_t parse(std::string_view digits, std::string_view placeholder) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    die("bad placeholder: " + std::string(placeholder));
  }
  return value;
}

/// The `index`-th number of a fixed shuffle of [0, size): mixes within the next power of two and
/// walks on while outside, so that every number comes exactly once.
uint64_t permute(uint64_t index, uint64_t size) {
  const auto bits = static_cast<unsigned>(std::bit_width(size - 1));
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  uint64_t value = index % size;
  if (bits == 0) return 0;
  do {
    for (int round = 0; round < 3; ++round) {
      value = (value * 0x9e3779b97f4a7c15U + 0x632be59bd9b4e019U) & mask;
      value ^= value >> (bits / 2 + 1);
    }
  } while (value >= size);
  return value;
}

/// Escapes `\r` and `\n` in a request given on the command line.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (escape && (text[i + 1] == 'r' || text[i + 1] == 'n')) {
      out += text[++i] == 'r' ? '\r' : '\n';
    } else if (escape && text[i + 1] == 'x' && i + 3 < text.size()) {
      unsigned byte = 0;
      std::from_chars(text.data() + i + 2, text.data() + i + 4, byte, 16);
      out += static_cast<char>(byte);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Text that compresses no better than ordinary identifiers do.
std::string filler(size_t bytes) {
  static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz012345";
  Random random(bytes);
  std::string out(bytes, ' ');
  for (char& c : out) c = kAlphabet[random.below(kAlphabet.size())];
  return out;
}

}  // namespace

RequestTemplate::RequestTemplate(const Options& options)
    : random_(options.seed), keyspace_(options.keyspace), sequence_(options.first) {
  if (options.protocol == Protocol::kMemcached) {
    if (options.command.size() != 1) die("a memcached request is one argument");
    append(expand(unescape(options.command.front())));
    return;
  }
  append_header('*', options.command.size());
  for (const std::string& token : options.command) {
    const Argument argument = expand(token);
    append_header('$', argument.text.size());
    append(argument);
    text_ += "\r\n";
  }
}

void RequestTemplate::append_header(char type, size_t size) {
  text_ += type;
  text_ += std::to_string(size);
  text_ += "\r\n";
}

void RequestTemplate::append(const Argument& argument) {
  for (Field field : argument.fields) {
    field.offset += text_.size();
    fields_.push_back(field);
  }
  text_ += argument.text;
}

RequestTemplate::Argument RequestTemplate::expand(std::string_view token) const {
  Argument out;
  while (!token.empty()) {
    const size_t begin = token.find(kMark);
    out.text += token.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const size_t end = token.find(kMark, begin + kMark.size());
    if (end == std::string_view::npos) die("unclosed placeholder: " + std::string(token));
    expand_placeholder(token.substr(begin + kMark.size(), end - begin - kMark.size()), out);
    token.remove_prefix(end + kMark.size());
  }
  return out;
}

void RequestTemplate::expand_placeholder(std::string_view name, Argument& out) const {
  const size_t colon = name.find(':');
  const std::string_view kind = name.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? "" : name.substr(colon + 1);
  if (kind == "value") {
    out.text += filler(parse(rest, name));
    return;
  }
  Field field{out.text.size(), kKeyDigits, Source::kRandom, 0, keyspace_};
  if (kind == "num") {
    const size_t split = rest.find(':');
    if (split * 2 + 1 != rest.size()) die("__num:LO:HI__ needs bounds of equal length");
    field.source = Source::kRange;
    field.digits = split;
    field.low = parse(rest.substr(0, split), name);
    const uint64_t high = parse(rest.substr(split + 1), name);
    if (high < field.low) die("__num:LO:HI__ needs LO <= HI");
    field.span = high - field.low + 1;
  } else {
    if (kind == "seq") {
      field.source = Source::kSequence;
    } else if (kind == "perm") {
      field.source = Source::kPermutation;
    } else if (kind != "rand") {
      die("unknown placeholder: " + std::string(name));
    }
    if (!rest.empty()) field.digits = parse(rest, name);
  }
  out.text.append(field.digits, '0');
  out.fields.push_back(field);
}

uint64_t RequestTemplate::draw(const Field& field) {
  switch (field.source) {
    case Source::kSequence: return sequence_;
    case Source::kPermutation: return permute(sequence_, keyspace_);
    case Source::kRandom:
    case Source::kRange: break;
  }
  return field.low + random_.below(field.span);
}

void RequestTemplate::renew(char* request) {
  for (const Field& field : fields_) {
    uint64_t value = draw(field);
    char* const begin = request + field.offset;
    for (char* digit = begin + field.digits; digit != begin; value /= 10) {
      *--digit = static_cast<char>('0' + value % 10);
    }
  }
  ++sequence_;
}

RequestBatch::RequestBatch(std::shared_ptr<RequestTemplate> request, uint32_t pipeline)
    : request_(std::move(request)) {
  for (uint32_t i = 0; i < pipeline; ++i) bytes_ += request_->text();
}

std::string_view RequestBatch::next(uint32_t count) {
  const size_t size = request_->size();
  for (size_t i = 0; i < count; ++i) request_->renew(bytes_.data() + i * size);
  return {bytes_.data(), count * size};
}

}  // namespace tarn::load
