#include "core/types/bit_ops.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tarn {
namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

std::uint64_t load_word(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// --- Counting

// Four independent sums hide the latency of the count. Inlined into functions for different
// instruction sets, it becomes what each of them has.
[[gnu::always_inline]] inline std::uint64_t count_words(const char* at, std::size_t words) {
  std::uint64_t sums[4] = {};
  for (; words >= 4; words -= 4, at += 4 * kWordBytes) {
    for (std::size_t i = 0; i < 4; ++i) {
      sums[i] += static_cast<unsigned>(__builtin_popcountll(load_word(at + i * kWordBytes)));
    }
  }
  for (; words > 0; --words, at += kWordBytes) {
    sums[0] += static_cast<unsigned>(__builtin_popcountll(load_word(at)));
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

std::uint64_t count_words_portably(const char* at, std::size_t words) {
  return count_words(at, words);
}

#if defined(__x86_64__)
// The baseline of x86-64 has no instruction for it; every processor since 2008 does.
[[gnu::target("popcnt")]] std::uint64_t count_words_by_instruction(const char* at,
                                                                   std::size_t words) {
  return count_words(at, words);
}

const auto kCountWords =
    __builtin_cpu_supports("popcnt") ? count_words_by_instruction : count_words_portably;
#else
constexpr auto kCountWords = count_words_portably;
#endif

unsigned byte_at(std::string_view bytes, std::uint64_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

// The first byte at or after `from` that is not `dull`; bytes.size() if all are.
std::size_t skip_bytes(std::string_view bytes, std::size_t from, unsigned char dull) {
  const std::uint64_t dull_word = dull * 0x0101010101010101u;
  const auto differs = [&](std::size_t at) { return load_word(bytes.data() + at) ^ dull_word; };
  constexpr std::size_t kStride = 4 * kWordBytes;
  while (from + kStride <= bytes.size() &&
         (differs(from) | differs(from + kWordBytes) | differs(from + 2 * kWordBytes) |
          differs(from + 3 * kWordBytes)) == 0) {
    from += kStride;
  }
  while (from < bytes.size() && byte_at(bytes, from) == dull) ++from;
  return from;
}

// --- Combining

// Two machine words side by side, which compilers keep in one SSE2 or NEON register.
using Lane = std::uint64_t __attribute__((vector_size(16)));

// into[i] = operation(into[i], from[i]) over `size` bytes.
template <class Operation>
void zip(char* into, const char* from, std::size_t size, Operation operation) {
  std::size_t i = 0;
  for (; i + sizeof(Lane) <= size; i += sizeof(Lane)) {
    Lane left;
    Lane right;
    std::memcpy(&left, into + i, sizeof left);
    std::memcpy(&right, from + i, sizeof right);
    left = operation(left, right);
    std::memcpy(into + i, &left, sizeof left);
  }
  for (; i < size; ++i) into[i] = static_cast<char>(operation(into[i], from[i]));
}

constexpr auto kAndBytes = [](auto left, auto right) { return left & right; };
constexpr auto kOrBytes = [](auto left, auto right) { return left | right; };
constexpr auto kXorBytes = [](auto left, auto right) { return left ^ right; };
constexpr auto kAndNotBytes = [](auto left, auto right) { return left & ~right; };
constexpr auto kNotAndBytes = [](auto left, auto right) { return ~left & right; };
constexpr auto kNotBytes = [](auto, auto right) { return ~right; };

// Sources are combined block by block, so that the block of the result, and a second one beside it
// where an operation needs to remember more, stay in the nearest cache whatever the number of
// sources.
class BlockCombiner {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  BlockCombiner(std::span<const std::string_view> sources, std::size_t offset, char* result,
                std::size_t size)
      : sources_(sources), offset_(offset), result_(result), size_(size) {}

  void run(BitOperation operation) {
    take_first();
    switch (operation) {
      case BitOperation::kAnd: return and_others();
      case BitOperation::kOr: return fold_others(result_, kOrBytes);
      case BitOperation::kXor: return fold_others(result_, kXorBytes);
      case BitOperation::kNot: return zip(result_, result_, size_, kNotBytes);
      case BitOperation::kDiff: return with_any_other(kAndNotBytes);
      case BitOperation::kDiff1: return with_any_other(kNotAndBytes);
      case BitOperation::kAndOr: return with_any_other(kAndBytes);
      case BitOperation::kOne: return exactly_one();
    }
  }

 private:
  // What a source has in this block.
  std::string_view part_of(std::string_view source) const {
    return offset_ < source.size() ? source.substr(offset_, size_) : std::string_view();
  }

  void take_first() {
    const std::string_view part = part_of(sources_[0]);
    part.copy(result_, part.size());
    std::memset(result_ + part.size(), 0, size_ - part.size());
  }

  // For operations under which the zeros beyond a source's end change nothing.
  template <class Operation>
  void fold_others(char* into, Operation operation) {
    for (const std::string_view source : sources_.subspan(1)) {
      const std::string_view part = part_of(source);
      zip(into, part.data(), part.size(), operation);
    }
  }

  void and_others() {
    for (const std::string_view source : sources_.subspan(1)) {
      const std::string_view part = part_of(source);
      zip(result_, part.data(), part.size(), kAndBytes);
      std::memset(result_ + part.size(), 0, size_ - part.size());
    }
  }

  template <class Operation>
  void with_any_other(Operation operation) {
    char any_other[kBlockBytes];
    std::memset(any_other, 0, size_);
    fold_others(any_other, kOrBytes);
    zip(result_, any_other, size_, operation);
  }

  void exactly_one() {
    char repeated[kBlockBytes];  // bits that were in two sources or more
    std::memset(repeated, 0, size_);
    for (const std::string_view source : sources_.subspan(1)) {
      const std::string_view part = part_of(source);
      char both[kBlockBytes];
      part.copy(both, part.size());
      zip(both, result_, part.size(), kAndBytes);
      zip(repeated, both, part.size(), kOrBytes);
      zip(result_, part.data(), part.size(), kOrBytes);
    }
    zip(result_, repeated, size_, kAndNotBytes);
  }

  const std::span<const std::string_view> sources_;
  const std::size_t offset_;
  char* const result_;
  const std::size_t size_;
};

}  // namespace

std::uint64_t count_bits(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const std::size_t words = bytes.size() / kWordBytes;
  std::uint64_t last_word = 0;
  std::memcpy(&last_word, bytes.data() + words * kWordBytes, bytes.size() % kWordBytes);
  return kCountWords(bytes.data(), words) + static_cast<unsigned>(std::popcount(last_word));
}

std::uint64_t count_bits(std::string_view bytes, BitRange range) {
  if (range.first > range.last) return 0;
  const std::uint64_t first_byte = range.first / 8;
  const std::uint64_t last_byte = range.last / 8;
  const std::uint64_t before =
      range.first % 8 == 0 ? 0 : byte_at(bytes, first_byte) & ~(0xffu >> range.first % 8);
  const std::uint64_t after = byte_at(bytes, last_byte) & (0x7fu >> range.last % 8);
  return count_bits(bytes.substr(first_byte, last_byte - first_byte + 1)) -
         static_cast<unsigned>(std::popcount(before)) - static_cast<unsigned>(std::popcount(after));
}

std::optional<std::uint64_t> find_bit(std::string_view bytes, bool value, BitRange range) {
  if (range.first > range.last) return std::nullopt;
  bytes = bytes.substr(0, range.last / 8 + 1);
  const unsigned char dull = value ? 0 : 0xff;  // a byte without such a bit
  std::size_t byte = range.first / 8;
  unsigned found = (byte_at(bytes, byte) ^ dull) & (0xffu >> range.first % 8);
  if (found == 0) {
    byte = skip_bytes(bytes, byte + 1, dull);
    if (byte == bytes.size()) return std::nullopt;
    found = byte_at(bytes, byte) ^ dull;
  }
  const auto in_byte = static_cast<unsigned>(std::countl_zero(static_cast<unsigned char>(found)));
  const std::uint64_t position = std::uint64_t{byte} * 8 + in_byte;
  return position <= range.last ? std::optional(position) : std::nullopt;
}

bool bit_at(std::string_view bytes, std::uint64_t position) {
  const std::uint64_t byte = position / 8;
  return byte < bytes.size() && (byte_at(bytes, byte) >> (7 - position % 8) & 1) != 0;
}

void set_bit(char* bytes, std::uint64_t position, bool value) {
  const unsigned mask = 0x80u >> position % 8;
  const auto byte = static_cast<unsigned char>(bytes[position / 8]);
  bytes[position / 8] = static_cast<char>(value ? byte | mask : byte & ~mask);
}

void combine_bits(BitOperation operation, std::span<const std::string_view> sources, char* result,
                  std::size_t size) {
  for (std::size_t at = 0; at < size; at += BlockCombiner::kBlockBytes) {
    const std::size_t block = std::min(BlockCombiner::kBlockBytes, size - at);
    BlockCombiner(sources, at, result + at, block).run(operation);
  }
}

}  // namespace tarn
