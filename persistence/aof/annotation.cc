#include "persistence/aof/annotation.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <charconv>

namespace tarn {
namespace {

constexpr std::string_view kChecksumField = "xxh3=";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kChecksumDigits = 16;
constexpr std::size_t kTailBytes = kChecksumDigits + kLineEnd.size();

std::uint64_t checksum_of(std::string_view batch, std::string_view head,
                          const ChecksumChain& chain) {
  const std::uint64_t seed = chain.first ^ (chain.last << 1 | chain.last >> 63);
  const std::uint64_t of_batch = XXH3_64bits_withSeed(batch.data(), batch.size(), seed);
  return XXH3_64bits_withSeed(head.data(), head.size(), of_batch);
}

// The line up to the digits of its checksum.
std::string_view head_of(std::string_view line) { return line.substr(0, line.size() - kTailBytes); }

// Takes "<name>=<digits> " from the front of the text.
template <class Number>
bool take(std::string_view& text, std::string_view name, Number& number) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

std::optional<std::uint64_t> parse_checksum(std::string_view digits) {
  std::uint64_t checksum = 0;
  const char* const end = digits.data() + digits.size();
  const auto [last, fault] = std::from_chars(digits.data(), end, checksum, 16);
  const bool upper_case = digits.find_first_of("ABCDEF") != digits.npos;
  if (fault != std::errc() || last != end || digits.size() != kChecksumDigits || upper_case) {
    return std::nullopt;
  }
  return checksum;
}

}  // namespace

std::string print_timestamp(std::int64_t time_ms) {
  return fmt::format("#TS:{}{}", time_ms / 1000, kLineEnd);
}

std::string print_annotation(const Annotation& annotation, std::string_view batch,
                             ChecksumChain& chain) {
  std::string line =
      fmt::format("{}seq={} bytes={} safe={} ms={} {}", kAnnotationMark, annotation.sequence,
                  annotation.bytes, annotation.safe, annotation.time_ms, kChecksumField);
  const std::uint64_t checksum = checksum_of(batch, line, chain);
  chain.add(checksum);
  return line + fmt::format("{:016x}{}", checksum, kLineEnd);
}

std::optional<Annotation> parse_annotation(std::string_view line) {
  if (!line.starts_with(kAnnotationMark) || !line.ends_with(kLineEnd)) return std::nullopt;
  std::string_view rest = line.substr(kAnnotationMark.size());
  rest.remove_suffix(kLineEnd.size());
  Annotation annotation;
  if (!take(rest, "seq=", annotation.sequence) || !take(rest, "bytes=", annotation.bytes) ||
      !take(rest, "safe=", annotation.safe) || !take(rest, "ms=", annotation.time_ms) ||
      !rest.starts_with(kChecksumField)) {
    return std::nullopt;
  }
  rest.remove_prefix(kChecksumField.size());
  const auto checksum = parse_checksum(rest);
  if (!checksum) return std::nullopt;
  annotation.checksum = *checksum;
  return annotation;
}

bool annotation_fits(std::string_view line, const Annotation& annotation, std::string_view batch,
                     const ChecksumChain& chain) {
  return annotation.bytes == batch.size() &&
         checksum_of(batch, head_of(line), chain) == annotation.checksum;
}

bool lacks_only_its_end(std::string_view text) {
  const std::size_t field = text.find(kChecksumField);
  if (field == text.npos) return false;
  const std::size_t end = field + kChecksumField.size() + kChecksumDigits;
  if (text.size() < end + kLineEnd.size()) return false;
  const std::string_view written = text.substr(end, kLineEnd.size());
  const bool first = written[0] == kLineEnd[0];
  const char other = written[first ? 1 : 0];
  return first != (written[1] == kLineEnd[1]) && other != '#' && other != '\n' && other != '\0';
}

std::optional<std::uint64_t> checksum_at_end(std::string_view text) {
  if (text.size() < kTailBytes) return std::nullopt;
  return parse_checksum(text.substr(text.size() - kTailBytes, kChecksumDigits));
}

std::optional<std::uint64_t> checksum_due(std::string_view batch, std::string_view line,
                                          const ChecksumChain& chain) {
  if (line.size() < kTailBytes) return std::nullopt;
  return checksum_of(batch, head_of(line), chain);
}

}  // namespace tarn
