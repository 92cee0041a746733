#include "tools/log_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/keyspace/databases.h"
#include "persistence/aof/annotation.h"
#include "persistence/aof/command_sink.h"
#include "persistence/io/file_source.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {
namespace {

// As many as anybody may have set; an empty one costs next to nothing.
constexpr std::size_t kDatabases = 1024;
constexpr std::size_t kScanBytes = 1 << 20;

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

Result<BaseReport> check_base(const std::string& path) {
  BaseReport report;
  const auto first = read_first_bytes(path, rdb::kMagic.size());
  if (!first) return first.error();
  AofReadOptions how{.is_base = true};
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
