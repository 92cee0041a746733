#include "persistence/aof/aof_reader.h"

#include <fmt/core.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/ascii.h"
#include "persistence/aof/annotation.h"
#include "persistence/aof/padding.h"
#include "persistence/io/file_source.h"

namespace tarn {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;
// The smallest piece that a disk writes as a whole.
constexpr std::size_t kDiskBlockBytes = 512;
constexpr std::string_view kLineEnd = "\r\n";
// How redis-server's own comments begin.
constexpr std::string_view kTimeMark = "#TS:";
constexpr std::size_t kMaxNumberChars = 24;
constexpr std::int64_t kMaxArguments = 1 << 30;
constexpr std::int64_t kMaxArgumentBytes = std::int64_t{1} << 40;

// Where an argument lies in the bytes of its batch.
struct Piece {
  std::size_t at;
  std::size_t size;
};

class SegmentReader {
 public:
  SegmentReader(ByteSource& source, const AofReadOptions& options, CommandSink& sink)
      : source_(source), options_(options), sink_(sink), buffer_offset_(options.start) {
    segment_.good_bytes = options.start;
  }

  Result<AofSegment> read();

 private:
  enum class Parsed { kCommand, kComment, kEnd, kIncomplete, kBad };

  Parsed next();
  Parsed parse_command(std::size_t& at);
  bool parse_number(std::size_t& at, char mark, std::int64_t& number, Parsed& fault);
  Parsed parse_comment(std::size_t& at);
  bool need(std::size_t end);
  std::string_view view(std::size_t from, std::size_t to) const {
    return std::string_view(buffer_).substr(from, to - from);
  }

  Result<> take_comment();
  Result<> take_annotation(const Annotation& annotation, std::string_view line);
  Result<> take_command();
  Result<> run_batch();
  void settle(std::size_t end);
  Result<> end_with(std::string_view what);
  void stop_at_damage(std::string_view what);
  void stop(std::string_view what, bool rot);
  bool is_rot();
  bool only_zeros_follow();
  std::uint64_t count_commands_behind();
  std::string_view name_of(std::size_t command) const;
  static void follow_transaction(std::string_view name, bool& open);
  std::size_t adoptable_commands() const;
  Result<> adopt_tail();
  bool only_padding_follows();
  bool is_at_beginning() const { return buffer_offset_ + begin_ == 0; }
  bool can_be_torn();
  bool follows(const Annotation& annotation, std::string_view line, std::size_t at) const;
  bool ends_batch(const Annotation& annotation, std::string_view line, std::size_t at);
  bool has_line_at(std::size_t at);
  bool lacks_block_before(std::size_t end) const;
  bool can_be_torn_in_first_line();
  std::optional<Annotation> find_annotation(std::size_t& at, std::string_view& line);
  void report();

  ByteSource& source_;
  const AofReadOptions& options_;
  CommandSink& sink_;
  AofSegment segment_;

  // The last whole batch ends at begin_; what is before stays until it is much.
  std::string buffer_;
  std::size_t begin_ = 0;
  std::uint64_t buffer_offset_ = 0;  // in the file
  bool source_ended_ = false;
  std::size_t at_ = 0;     // parsed up to here
  std::size_t start_ = 0;  // of what was parsed last
  std::string fault_;

  // The commands of the batch: each argument, and where in pieces_ each command ends.
  std::vector<Piece> pieces_;
  std::vector<std::size_t> command_ends_;
  std::vector<std::string_view> arguments_;
  ChecksumChain chain_;
  bool multi_ = false;
  bool ended_ = false;  // by a line without a batch, behind which there is nothing yet
  bool done_ = false;
  std::optional<Error> read_error_;
  std::uint64_t reported_bytes_ = 0;
};

// Whether bytes up to `end` are in the buffer, or can be read into it.
bool SegmentReader::need(std::size_t end) {
  while (buffer_.size() < end && !source_ended_) {
    const std::size_t before = buffer_.size();
    const std::size_t wanted = std::max(kPieceBytes, std::min(end - before, before));
    buffer_.resize(before + wanted);
    const auto count = source_.read({buffer_.data() + before, wanted});
    if (!count) read_error_ = count.error();
    buffer_.resize(before + (count ? *count : 0));
    source_ended_ = !count || *count < wanted;
  }
  return buffer_.size() >= end;
}

// "<mark><digits>\r\n"
bool SegmentReader::parse_number(std::size_t& at, char mark, std::int64_t& number, Parsed& fault) {
  need(at + kMaxNumberChars);
  const std::string_view text = view(at, std::min(at + kMaxNumberChars, buffer_.size()));
  const std::size_t end = text.find("\r\n");
  fault = Parsed::kIncomplete;
  if (!text.empty() && text[0] != mark) {
    fault = Parsed::kBad;
    fault_ = fmt::format("expected '{}', found the byte {:#04x}", mark,
                         static_cast<unsigned char>(text[0]));
    return false;
  }
  if (end == text.npos) {
    if (text.size() < kMaxNumberChars) return false;
    fault = Parsed::kBad;
    fault_ = "expected a number and the end of its line";
    return false;
  }
  const auto [last, error] = std::from_chars(text.data() + 1, text.data() + end, number);
  if (error != std::errc() || last != text.data() + end || number < 0) {
    fault = Parsed::kBad;
    fault_ = "expected a number";
    return false;
  }
  at += end + 2;
  return true;
}

SegmentReader::Parsed SegmentReader::parse_command(std::size_t& at) {
  Parsed fault;
  std::int64_t arguments = 0;
  if (!parse_number(at, '*', arguments, fault)) return fault;
  if (arguments < 1 || arguments > kMaxArguments) {
    fault_ = fmt::format("a command of {} arguments", arguments);
    return Parsed::kBad;
  }
  const std::size_t pieces_before = pieces_.size();
  for (std::int64_t i = 0; i < arguments; ++i) {
    std::int64_t bytes = 0;
    bool whole = parse_number(at, '$', bytes, fault);
    if (whole && bytes > kMaxArgumentBytes) {
      fault = Parsed::kBad;
      fault_ = fmt::format("an argument of {} bytes", bytes);
      whole = false;
    }
    const std::size_t end = at + static_cast<std::size_t>(bytes);
    if (whole && !need(end + 2)) {
      fault = Parsed::kIncomplete;
      whole = false;
    }
    if (whole && view(end, end + 2) != "\r\n") {
      fault = Parsed::kBad;
      fault_ = "expected the end of an argument's line";
      whole = false;
    }
    if (!whole) {
      pieces_.resize(pieces_before);
      return fault;
    }
    pieces_.push_back({at, static_cast<std::size_t>(bytes)});
    at = end + 2;
  }
  command_ends_.push_back(pieces_.size());
  return Parsed::kCommand;
}

SegmentReader::Parsed SegmentReader::parse_comment(std::size_t& at) {
  need(at + kMaxAnnotationBytes);
  const std::size_t end = buffer_.find('\n', at);
  if (end == std::string::npos) {
    if (source_ended_ && buffer_.size() - at < kMaxAnnotationBytes) return Parsed::kIncomplete;
    fault_ = "expected the end of a line";
    return Parsed::kBad;
  }
  at = end + 1;
  return Parsed::kComment;
}

SegmentReader::Parsed SegmentReader::next() {
  start_ = at_;
  if (!need(at_ + 1)) return Parsed::kEnd;
  std::size_t at = at_;
  const Parsed parsed = buffer_[at_] == '#' ? parse_comment(at) : parse_command(at);
  if (parsed == Parsed::kCommand || parsed == Parsed::kComment) at_ = at;
  return parsed;
}

Result<AofSegment> SegmentReader::read() {
  while (!done_) {
    const Parsed parsed = next();
    if (read_error_) return *read_error_;
    Result<> taken;
    switch (parsed) {
      case Parsed::kCommand: taken = take_command(); break;
      case Parsed::kComment: taken = take_comment(); break;
      case Parsed::kEnd: taken = end_with("a batch"); break;
      case Parsed::kIncomplete: taken = end_with("a command"); break;
      case Parsed::kBad: stop_at_damage(fault_); break;
    }
    if (!taken) return taken.error();
    report();
  }
  segment_.bytes = std::max(source_.total_bytes(), segment_.good_bytes);
  return std::move(segment_);
}

// The file has ended: within what is named, if anything is left.
Result<> SegmentReader::end_with(std::string_view what) {
  done_ = true;
  if (begin_ == buffer_.size()) {
    const bool cut = options_.is_base && segment_.annotated && !ended_;
    if (cut) stop("the file ends before the base does", true);
    return {};
  }
  if (only_padding_follows()) return {};
  if (const auto adopted = adopt_tail(); !adopted) return adopted;
  if (begin_ < buffer_.size()) stop(fmt::format("the file ends within {}", what), is_rot());
  return {};
}

void SegmentReader::report() {
  if (!options_.on_progress) return;
  const std::uint64_t bytes = source_.consumed_bytes();
  if (bytes - reported_bytes_ < options_.progress_bytes) return;
  reported_bytes_ = bytes;
  options_.on_progress(bytes, segment_.commands);
}

Result<> SegmentReader::take_comment() {
  const std::string_view line = view(start_, at_);
  if (const auto annotation = parse_annotation(line)) return take_annotation(*annotation, line);
  const bool first = buffer_offset_ + start_ == 0;
  if (first && !line.starts_with(kTimeMark)) {
    stop("the first line is damaged", true);
  } else if (line.starts_with(kAnnotationMark) ||
             (segment_.annotated && !line.starts_with(kTimeMark) && !is_padding(line))) {
    stop_at_damage("an annotation is damaged");
  } else if (!segment_.annotated && pieces_.empty()) {
    settle(at_);
  }
  return {};
}

Result<> SegmentReader::take_annotation(const Annotation& annotation, std::string_view line) {
  const bool first = buffer_offset_ + start_ == 0;
  if (first) {
    segment_.annotated = true;
    segment_.first_sequence = segment_.sequence = annotation.sequence;
  } else if (!segment_.annotated) {
    stop("an annotation in a file that does not begin with one", true);
    return {};
  }
  const std::string_view batch = view(begin_, start_);
  if (!annotation_fits(line, annotation, batch, chain_)) {
    stop_at_damage(fmt::format("the checksum of batch {} is wrong", annotation.sequence));
    return {};
  }
  const bool closing = annotation.bytes == 0;
  if (annotation.sequence != segment_.sequence + (closing || options_.is_base ? 0 : 1)) {
    stop_at_damage(
        fmt::format("expected batch {}, found {}", segment_.sequence + 1, annotation.sequence));
    return {};
  }
  const bool beyond =
      annotation.sequence > options_.last_sequence || annotation.time_ms > options_.last_time_ms;
  if (beyond && !closing && !options_.is_base) {
    segment_.end = AofSegment::End::kStopped;
    done_ = true;
    return {};
  }
  if (options_.is_base || annotation.sequence > options_.known_sequence) {
    if (const auto ran = run_batch(); !ran) return ran;
  }
  chain_.add(annotation.checksum);
  segment_.safe = std::max(segment_.safe, annotation.safe);
  segment_.sequence = annotation.sequence;
  if (!closing || first) segment_.time_ms = annotation.time_ms;
  if (!closing) ++segment_.batches;
  ended_ = closing && !first;
  settle(at_);
  return {};
}

// Of a command of the batch.
std::string_view SegmentReader::name_of(std::size_t command) const {
  const Piece name = pieces_[command == 0 ? 0 : command_ends_[command - 1]];
  return view(name.at, name.at + name.size);
}

void SegmentReader::follow_transaction(std::string_view name, bool& open) {
  if (equals_ignoring_case(name, "multi")) open = true;
  if (equals_ignoring_case(name, "exec")) open = false;
}

Result<> SegmentReader::take_command() {
  if (segment_.annotated) return {};
  follow_transaction(name_of(command_ends_.size() - 1), multi_);
  if (multi_) return {};
  if (const auto ran = run_batch(); !ran) return ran;
  settle(at_);
  return {};
}

Result<> SegmentReader::run_batch() {
  std::size_t first = 0;
  for (const std::size_t last : command_ends_) {
    arguments_.clear();
    for (std::size_t i = first; i < last; ++i) {
      arguments_.push_back(view(pieces_[i].at, pieces_[i].at + pieces_[i].size));
    }
    if (const auto ran = sink_.on_command(arguments_); !ran) {
      return Error{fmt::format("{}: at offset {}: {}", source_.name(),
                               buffer_offset_ + pieces_[first].at, ran.error().message)};
    }
    ++segment_.commands;
    first = last;
  }
  return {};
}

// Everything before `end` has been dealt with.
void SegmentReader::settle(std::size_t end) {
  pieces_.clear();
  command_ends_.clear();
  segment_.good_bytes = buffer_offset_ + end;
  begin_ = at_ = end;
  if (begin_ < kPieceBytes) return;
  buffer_.erase(0, begin_);
  buffer_offset_ += begin_;
  begin_ = at_ = 0;
}

// REQUIRES: the source has ended.
bool SegmentReader::only_padding_follows() {
  return segment_.annotated && !options_.is_base && is_padding(view(begin_, buffer_.size()));
}

// Bytes that are there are wrong. Where nothing tells what was safe, a crash leaves nothing but
// zeros: of a file that has become longer, and has not got yet what belongs there.
void SegmentReader::stop_at_damage(std::string_view what) {
  const bool foreign = !segment_.annotated && !only_zeros_follow();
  stop(what, foreign || is_rot());
}

void SegmentReader::stop(std::string_view what, bool rot) {
  done_ = true;
  segment_.end = rot ? AofSegment::End::kRot : AofSegment::End::kTorn;
  segment_.damage = fmt::format("at offset {}: {}", buffer_offset_ + start_, what);
  segment_.torn_commands = count_commands_behind();
}

bool SegmentReader::is_rot() {
  if (options_.is_base && segment_.annotated) return true;
  if (is_at_beginning()) return !can_be_torn_in_first_line();
  return segment_.annotated && !can_be_torn();
}

bool SegmentReader::only_zeros_follow() {
  for (std::size_t at = begin_; need(at + 1); ++at) {
    if (buffer_[at] != '\0') return false;
  }
  return true;
}

// Those that were parsed behind the last whole batch, and those behind them.
std::uint64_t SegmentReader::count_commands_behind() {
  std::uint64_t count = 0;
  for (;;) {
    count += command_ends_.size();
    command_ends_.clear();
    pieces_.clear();
    const Parsed parsed = next();
    if (parsed != Parsed::kCommand && parsed != Parsed::kComment) return count;
  }
}

// ---- What redis-server has written behind the last batch ----------------------------------------

// How many of the commands that were parsed; none of a transaction without its end.
std::size_t SegmentReader::adoptable_commands() const {
  if (command_ends_.empty() || !equals_ignoring_case(name_of(0), "select")) return 0;
  std::size_t adoptable = 0;
  bool multi = false;
  for (std::size_t i = 0; i < command_ends_.size(); ++i) {
    follow_transaction(name_of(i), multi);
    if (!multi) adoptable = i + 1;
  }
  return adoptable;
}

// REQUIRES: the source has ended.
Result<> SegmentReader::adopt_tail() {
  if (!options_.adopt_tail_ms || options_.is_base || !segment_.annotated) return {};
  const std::size_t commands = adoptable_commands();
  if (commands == 0 || !can_be_torn()) return {};
  command_ends_.resize(commands);
  pieces_.resize(command_ends_.back());
  if (const auto ran = run_batch(); !ran) return ran;
  const std::size_t end = pieces_.back().at + pieces_.back().size + kLineEnd.size();
  const std::string_view batch = view(begin_, end);
  segment_.adopting_line = print_annotation({.sequence = ++segment_.sequence,
                                             .bytes = batch.size(),
                                             .safe = segment_.safe,
                                             .time_ms = *options_.adopt_tail_ms},
                                            batch, chain_);
  ++segment_.batches;
  segment_.time_ms = *options_.adopt_tail_ms;
  segment_.adopted_commands = commands;
  settle(end);
  start_ = begin_;
  return {};
}

// The next annotation from `at` on, which moves to where its line begins.
std::optional<Annotation> SegmentReader::find_annotation(std::size_t& at, std::string_view& line) {
  for (;;) {
    const std::size_t found = buffer_.find(kAnnotationMark, at);
    if (found == std::string::npos) {
      // A mark may lie across the end of what was read.
      if (buffer_.size() > at + kAnnotationMark.size()) {
        at = buffer_.size() - kAnnotationMark.size();
      }
      if (!need(buffer_.size() + 1)) return std::nullopt;
      continue;
    }
    need(found + kMaxAnnotationBytes);
    at = found;
    // A line is short: no mark of many costs a search of all that follows.
    line = view(found, std::min(found + kMaxAnnotationBytes, buffer_.size()));
    line = line.substr(0, line.find('\n') + 1);
    if (const auto annotation = parse_annotation(line)) return annotation;
    ++at;
  }
}

// Whether a crash can have left what is behind the last whole batch: not where a line there says
// that a batch after that was safe, nor where whole batches follow although nothing is missing.
// Only lines count whose checksum follows from the line before them, so that no value is believed.
// Nor where the batch has its line, whatever is wrong in either, and nothing is missing: a crash
// leaves the beginning of what was being written, or lacks blocks of it.
bool SegmentReader::can_be_torn() {
  bool batches_follow = false;
  std::size_t behind_line = begin_;
  std::size_t at = begin_;
  std::string_view line;
  while (const auto annotation = find_annotation(at, line)) {
    // No byte is looked at for two lines, whatever they claim.
    if (annotation->bytes <= at - behind_line && follows(*annotation, line, at)) {
      if (annotation->safe > segment_.sequence) return false;
      if (!batches_follow && !lacks_block_before(at - annotation->bytes)) return false;
      batches_follow = true;
    } else if (ends_batch(*annotation, line, at)) {
      return lacks_block_before(at + line.size());
    }
    behind_line = at + line.size();
    ++at;
  }
  return !has_line_at(start_);
}

// Whether the line, at `at`, says that it ends the batch after the last whole one, and nothing
// follows it: a value that says so does not end what was written.
bool SegmentReader::ends_batch(const Annotation& annotation, std::string_view line,
                               std::size_t at) {
  if (annotation.sequence != segment_.sequence + 1 || annotation.bytes != at - begin_) return false;
  while (need(buffer_.size() + 1)) {
  }
  const std::string_view behind = view(at + line.size(), buffer_.size());
  return behind.empty() || is_padding(behind);
}

// Whether there is a line where no command can be, even if it makes no sense as an annotation, and
// nothing is missing up to there.
bool SegmentReader::has_line_at(std::size_t at) {
  need(at + kMaxAnnotationBytes);
  const std::string_view text = view(at, std::min(at + kMaxAnnotationBytes, buffer_.size()));
  const std::size_t end = text.find(kLineEnd);
  if (end == text.npos) return lacks_only_its_end(text);
  const std::size_t size = end + kLineEnd.size();
  return size >= kMinAnnotationBytes && !lacks_block_before(at + size);
}

// Whether the checksum of the line, at `at`, follows from that of the line before: as it is written
// there, or, should just that be damaged, as it should be.
bool SegmentReader::follows(const Annotation& annotation, std::string_view line,
                            std::size_t at) const {
  const std::string_view batch = view(at - annotation.bytes, at);
  const std::string_view before = view(begin_, at - annotation.bytes);
  if (const auto written = checksum_at_end(before)) {
    if (annotation_fits(line, annotation, batch, {chain_.first, *written})) return true;
  }
  const std::size_t in_batch = std::min(start_ - begin_, before.size());
  if (before.size() - in_batch > kMaxAnnotationBytes) return false;
  const auto due = checksum_due(before.substr(0, in_batch), before.substr(in_batch), chain_);
  return due && annotation_fits(line, annotation, batch, {chain_.first, *due});
}

// Whether a block between the last whole batch and `end` was never written to the disk, which does
// not keep to the order of writes. It shows what was there before: nothing, or padding.
bool SegmentReader::lacks_block_before(std::size_t end) const {
  std::size_t from = begin_;
  for (;;) {
    const std::size_t in_block = (buffer_offset_ + from) % kDiskBlockBytes;
    const std::size_t to = from + kDiskBlockBytes - in_block;
    if (to > end) return false;
    const std::string_view block = view(from, to);
    if (block.find_first_not_of('\0') == block.npos || is_padding(block)) return true;
    from = to;
  }
}

// The same where the damage is in the line that the checksums follow from: it was there before any
// other, so where one follows, no crash has left this.
bool SegmentReader::can_be_torn_in_first_line() {
  std::size_t at = begin_ + 1;
  std::string_view line;
  return !find_annotation(at, line);
}

}  // namespace

Result<AofSegment> read_aof_segment(const std::string& path, const AofReadOptions& options,
                                    CommandSink& sink) {
  auto source = FileSource::open(path, options.start);
  if (!source) return source.error();
  return SegmentReader(**source, options, sink).read();
}

}  // namespace tarn
