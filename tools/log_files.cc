#include "tools/log_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/numbers.h"
#include "core/keyspace/databases.h"
#include "persistence/aof/annotation.h"
#include "persistence/aof/command_sink.h"
#include "persistence/io/file_source.h"
#include "persistence/io/lz4_frame.h"
#include "persistence/rdb/rdb_decoder.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {
namespace {

// As many as anybody may have set; an empty one costs next to nothing.
constexpr std::size_t kDatabases = 1024;
constexpr std::size_t kVersionBytes = 4;
constexpr std::size_t kScanBytes = 1 << 20;

Result<std::optional<BasePosition>> position_in(ByteSource& source) {
  RdbDecoder in(source);
  in.raw(rdb::kMagic.size() + kVersionBytes);
  std::optional<std::uint64_t> sequence;
  BasePosition position;
  while (!in.failed() && in.byte() == rdb::kAux) {
    const std::string name(in.string());
    const std::string value(in.string());
    std::uint64_t number = 0;
    if (name == rdb::kAuxAofSequence && parse_uint64(value, number)) sequence = number;
    if (name == rdb::kAuxAofLeft) static_cast<void>(parse_uint64(value, position.left));
    if (name == rdb::kAuxAofTime) static_cast<void>(parse_int64(value, position.time_ms));
  }
  if (in.failed()) return in.error();
  if (!sequence) return std::optional<BasePosition>();
  position.sequence = *sequence;
  return std::optional(position);
}

}  // namespace

Result<std::uint64_t> last_batch_after(const std::string& path, std::uint64_t offset) {
  auto source = FileSource::open(path, offset);
  if (!source) return source.error();
  std::uint64_t last = 0;
  std::string text;
  for (;;) {
    const std::size_t kept = text.size();
    text.resize(kept + kScanBytes);
    const auto count = (*source)->read({text.data() + kept, kScanBytes});
    if (!count) return count.error();
    text.resize(kept + *count);
    for (std::size_t at = text.find(kAnnotationMark); at != text.npos;
         at = text.find(kAnnotationMark, at + 1)) {
      const std::size_t end = text.find('\n', at);
      if (end == text.npos) break;
      const auto line = parse_annotation(std::string_view(text).substr(at, end + 1 - at));
      if (line) last = std::max(last, line->sequence);
    }
    if (*count < kScanBytes) return last;
    // A line may lie across the end of what was read.
    text.erase(0, text.size() - std::min(text.size(), kMaxAnnotationBytes));
  }
}

Result<std::optional<BasePosition>> position_of_base(const std::string& path) {
  const auto first = read_first_bytes(path, rdb::kMagic.size());
  if (!first) return first.error();
  if (!begins_rdb(*first)) return std::optional<BasePosition>();
  auto source = FileSource::open(path);
  if (!source) return source.error();
  if (!first->starts_with(kLz4Magic)) return position_in(**source);
  Lz4Source expanded(**source, {});
  return position_in(expanded);
}

Result<BaseReport> check_base(const std::string& path) {
  BaseReport report;
  const auto first = read_first_bytes(path, rdb::kMagic.size());
  if (!first) return first.error();
  AofReadOptions how;
  if (begins_rdb(*first)) {
    auto source = FileSource::open(path);
    if (!source) return source.error();
    // At this clock's time nothing has expired.
    FakeClock clock(0);
    Databases databases(clock, kDatabases);
    const auto summary =
        read_rdb(**source, {.skip_unknown = true, .drop_expired = false}, databases);
    if (!summary) return summary.error();
    report.rdb = true;
    report.lz4 = summary->lz4;
    report.keys = summary->keys;
    how.start = summary->lz4 ? (*source)->total_bytes() : summary->bytes;
    if (how.start >= (*source)->total_bytes()) return report;
  }
  IgnoringSink sink;
  const auto segment = read_aof_segment(path, how, sink);
  if (!segment) return segment.error();
  report.commands = *segment;
  return report;
}

}  // namespace tarn
