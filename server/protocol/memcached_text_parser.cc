#include "server/protocol/memcached_text_parser.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "core/base/assert.h"
#include "server/protocol/memcached_numbers.h"

// How it works
//
// A request is parsed as a whole: a line that is complete is cut into words and, where its data
// block is not here yet, cut again when there is more. That costs little, for such a line is short;
// only the search for the end of a line, which may name thousands of keys, goes on where it
// stopped.

namespace tarn {

// The shape of a storage command's line.
struct MemcachedTextParser::Storage {
  std::string_view name;
  std::size_t min_words;
  std::size_t max_words;
  std::size_t length_at;
  bool meta;

  static const Storage* find(std::string_view name);
};

namespace {

constexpr std::size_t kBlockEndBytes = 2;
constexpr std::size_t kMaxLeadingSpaces = 100;
constexpr std::size_t kMaxMetaSetWords = 19;
constexpr std::uint64_t kMaxAnnouncedBytes = INT32_MAX - kBlockEndBytes;

constexpr std::string_view kNoSuchCommand = "ERROR";
constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format";
constexpr std::string_view kBadChunk = "CLIENT_ERROR bad data chunk";
constexpr std::string_view kTooManyFlags = "CLIENT_ERROR options flags too long";
constexpr std::string_view kBadCredentialsEnd = "CLIENT_ERROR bad command line termination";
constexpr std::string_view kUnauthenticated = "CLIENT_ERROR unauthenticated";

// A line of many keys may be of any length; others are over long before.
bool may_go_on(std::string_view line) {
  if (line.size() <= MemcachedTextParser::kMaxLineBytes) return true;
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == line.npos || begin > kMaxLeadingSpaces) return false;
  line.remove_prefix(begin);
  return line.starts_with("get ") || line.starts_with("gets ") || line.starts_with("gat ") ||
         line.starts_with("gats ");
}

// Words are parted by spaces; a NUL ends the line.
void split(std::string_view line, std::vector<std::string_view>& words) {
  const char* at = line.data();
  const char* const end = at + line.size();
  while (true) {
    while (at != end && *at == ' ') ++at;
    const char* const word = at;
    while (at != end && *at != ' ' && *at != '\0') ++at;
    if (at != word) words.emplace_back(word, static_cast<std::size_t>(at - word));
    if (at == end || *at == '\0') return;
  }
}

bool is_meta(std::string_view name) { return name.size() == 2 && name[0] == 'm'; }

// How many words a line may have that ends in `noreply`. With fewer or more it is no command, and
// to those that get it is a key.
struct SilentWords {
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
};

SilentWords silent_words(std::string_view name) {
  if (name == "incr" || name == "decr" || name == "touch") return {3, 4};
  if (name == "delete") return {3, 4};
  if (name == "flush_all" || name == "verbosity") return {2, 3};
  return {};
}

bool asks_for_silence(std::span<const std::string_view> words, bool stores) {
  if (words.size() < 2 || words.back() != "noreply") return false;
  // The words of those that store have been counted, and meta commands have a flag for it.
  if (stores) return !is_meta(words[0]);
  const SilentWords range = silent_words(words[0]);
  return words.size() >= range.least && words.size() <= range.most;
}

}  // namespace

const MemcachedTextParser::Storage* MemcachedTextParser::Storage::find(std::string_view name) {
  static constexpr Storage kSet{"set", 5, 6, 4, false};
  static constexpr Storage kAdd{"add", 5, 6, 4, false};
  static constexpr Storage kReplace{"replace", 5, 6, 4, false};
  static constexpr Storage kAppend{"append", 5, 6, 4, false};
  static constexpr Storage kPrepend{"prepend", 5, 6, 4, false};
  static constexpr Storage kCas{"cas", 6, 7, 4, false};
  static constexpr Storage kMetaSet{"ms", 2, SIZE_MAX, 2, true};
  const Storage* likely = nullptr;
  switch (name[0]) {
    case 's': likely = &kSet; break;
    case 'm': likely = &kMetaSet; break;
    case 'a': likely = name.size() == 3 ? &kAdd : &kAppend; break;
    case 'c': likely = &kCas; break;
    case 'r': likely = &kReplace; break;
    case 'p': likely = &kPrepend; break;
    default: return nullptr;
  }
  return name == likely->name ? likely : nullptr;
}

MemcachedTextParser::Status MemcachedTextParser::parse(std::string_view input, std::size_t& offset,
                                                       std::vector<std::string_view>& args) {
  TARN_ASSERT(offset <= input.size());
  if (!pass_over_unwanted(input, offset)) return Status::kNeedMore;
  input.remove_prefix(offset);
  if (input.size() <= scanned_) return Status::kNeedMore;
  const void* found = std::memchr(input.data() + scanned_, '\n', input.size() - scanned_);
  if (found == nullptr) {
    scanned_ = input.size();
    return may_go_on(input) ? Status::kNeedMore : Status::kFatal;
  }
  const auto newline = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
  scanned_ = newline;
  line_bytes_ = newline + 1;
  // An empty line that ends in CRLF is a line of a CR to memcached; there is no such command.
  const bool crlf = newline > 1 && input[newline - 1] == '\r';
  const std::size_t first = args.size();
  split(input.substr(0, newline - (crlf ? 1 : 0)), args);
  const Status status = finish_line(input, offset, args, first);
  const bool keeps_words =
      status == Status::kRequest || status == Status::kOversized || status == Status::kBadBlock;
  if (!keeps_words) args.resize(first);
  return status;
}

MemcachedTextParser::Status MemcachedTextParser::finish_line(std::string_view input,
                                                             std::size_t& offset,
                                                             std::vector<std::string_view>& args,
                                                             std::size_t first) {
  const std::string_view* const words = args.data() + first;
  const std::size_t count = args.size() - first;
  quiet_ = false;
  if (!limits_.authenticated) {
    std::uint64_t bytes = 0;
    const bool credentials = count >= 5 && words[0] == "set" &&
                             parse_memcached_unsigned(words[4], bytes) &&
                             bytes <= kMaxCredentialBytes;
    if (!credentials) return reject(kUnauthenticated, offset);
    block_bytes_ = bytes;
    return read_block(input, offset, args, false);
  }
  if (count == 0) return reject(kNoSuchCommand, offset);
  const Storage* storage = Storage::find(words[0]);
  if (storage != nullptr && (count < storage->min_words || count > storage->max_words)) {
    return reject(kNoSuchCommand, offset);
  }
  quiet_ = asks_for_silence(std::span(words, count), storage != nullptr);
  if (storage == nullptr) return complete(Status::kRequest, offset, line_bytes_);
  const std::string_view fault = check_header(*storage, words, count);
  if (!fault.empty()) return reject(fault, offset);
  if (block_bytes_ > limits_.max_item_bytes && !received_) {
    skip_bytes_ = block_bytes_ + kBlockEndBytes;
    return complete(Status::kOversized, offset, line_bytes_);
  }
  return read_block(input, offset, args, storage->meta);
}

std::string_view MemcachedTextParser::check_header(const Storage& storage,
                                                   const std::string_view* words,
                                                   std::size_t count) {
  if (count <= storage.length_at) return kBadFormat;
  if (storage.meta && count > kMaxMetaSetWords) return kTooManyFlags;
  const std::size_t max_key = storage.meta ? limits_.max_encoded_key_bytes : limits_.max_key_bytes;
  std::uint64_t bytes = 0;
  if (words[1].size() > max_key || !parse_memcached_unsigned(words[storage.length_at], bytes) ||
      bytes > kMaxAnnouncedBytes) {
    return kBadFormat;
  }
  if (!storage.meta) {
    std::uint32_t flags = 0;
    std::int64_t exptime = 0;
    std::uint64_t cas = 0;
    const bool with_cas = storage.min_words > storage.length_at + 1;
    if (!parse_memcached_flags(words[2], flags) || !parse_memcached_signed(words[3], exptime) ||
        (with_cas && !parse_memcached_unsigned(words[5], cas))) {
      return kBadFormat;
    }
  }
  block_bytes_ = bytes;
  return {};
}

// `input` begins with the line.
MemcachedTextParser::Status MemcachedTextParser::read_block(std::string_view input,
                                                            std::size_t& offset,
                                                            std::vector<std::string_view>& args,
                                                            bool meta) {
  const std::size_t block_here = received_ ? 0 : block_bytes_;
  const std::size_t total = line_bytes_ + block_here + kBlockEndBytes;
  if (input.size() < total) {
    const bool offer = block_here >= kLargeBlockBytes && input.size() < line_bytes_ + block_here;
    return offer ? Status::kLargeBlock : Status::kNeedMore;
  }
  const char* const end = input.data() + total - kBlockEndBytes;
  if (end[0] != '\r' || end[1] != '\n') {
    error_ = limits_.authenticated ? kBadChunk : kBadCredentialsEnd;
    return complete(meta ? Status::kBadBlock : Status::kError, offset, total);
  }
  args.push_back(received_ ? *received_ : input.substr(line_bytes_, block_bytes_));
  return complete(Status::kRequest, offset, total);
}

MemcachedTextParser::Status MemcachedTextParser::complete(Status status, std::size_t& offset,
                                                          std::size_t bytes) {
  offset += bytes;
  scanned_ = 0;
  received_.reset();
  return status;
}

MemcachedTextParser::Status MemcachedTextParser::reject(std::string_view error,
                                                        std::size_t& offset) {
  error_ = error;
  return complete(Status::kError, offset, line_bytes_);
}

void MemcachedTextParser::large_block_received(std::string_view block) {
  TARN_ASSERT(block.size() == block_bytes_);
  received_ = block;
}

void MemcachedTextParser::go_back(std::size_t skip_bytes) {
  scanned_ = 0;
  skip_bytes_ = skip_bytes;
  received_.reset();
}

}  // namespace tarn
