#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn {

// The line that ends each batch of commands in an append-only file:
//
//     #TARN seq=12 bytes=345 safe=11 ms=1764297912000 xxh3=0123456789abcdef\r\n
//
//   seq     the batch's number; each batch of a log has one more than the one before
//   bytes   how many the batch has: from the end of the line before to the start of this one
//   safe    the last batch that is known to be on disk while this one is written
//   ms      Unix time at which the batch was closed
//   xxh3    XXH3-64 of the batch and of the line so far, seeded with the same of the line before
//           and of the segment's first line
//
// A segment begins with such a line of no bytes, which gives the number of the last batch before
// it, and starts its chain of checksums. So batches can be neither reordered nor moved to another
// segment, nor can a value that looks like an annotation be taken for one. redis-server takes lines
// that begin with '#' as comments, as long as they are shorter than 128 bytes.
struct Annotation {
  std::uint64_t sequence = 0;
  std::uint64_t bytes = 0;
  std::uint64_t safe = 0;
  std::int64_t time_ms = 0;
  std::uint64_t checksum = 0;
};

inline constexpr std::string_view kAnnotationMark = "#TARN ";
inline constexpr std::size_t kMinAnnotationBytes = 55;
inline constexpr std::size_t kMaxAnnotationBytes = 127;

// What the checksum of the next line of a segment follows from.
struct ChecksumChain {
  std::uint64_t first = 0;  // checksum of the segment's first line; 0 before that
  std::uint64_t last = 0;   // of the line before

  void add(std::uint64_t checksum) {
    if (first == 0) first = checksum;
    last = checksum;
  }
};

// redis-server's own line with the time, in whole seconds ("#TS:1764297912").
std::string print_timestamp(std::int64_t time_ms);

// The line, its checksum computed from the batch and the chain, to which it is added.
std::string print_annotation(const Annotation& annotation, std::string_view batch,
                             ChecksumChain& chain);
// Reads a line, its end included. Nothing where it is not exactly one.
std::optional<Annotation> parse_annotation(std::string_view line);
// Whether the line's checksum fits the batch and the chain.
bool annotation_fits(std::string_view line, const Annotation& annotation, std::string_view batch,
                     const ChecksumChain& chain);

// Whether a line of which only the end may be damaged is all there: a text that begins with it has
// all digits of its checksum, and behind them one byte of the end, beside another that is neither
// that end's nor what a file has where nothing was written.
bool lacks_only_its_end(std::string_view text);

// Of a line that may be damaged anywhere else, here the end of a text: the checksum that it has,
// if there are digits; and the one that it should have, from what is before its digits.
std::optional<std::uint64_t> checksum_at_end(std::string_view text);
std::optional<std::uint64_t> checksum_due(std::string_view batch, std::string_view line,
                                          const ChecksumChain& chain);

}  // namespace tarn
