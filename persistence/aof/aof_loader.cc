#include "persistence/aof/aof_loader.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "core/base/log.h"
#include "persistence/aof/base_position.h"
#include "persistence/io/file_source.h"
#include "persistence/io/files.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {
namespace {

// The highest batch that the segments behind this one say was safe.
Result<std::uint64_t> claimed_safe_after(const SegmentList& segments, std::size_t index) {
  IgnoringSink sink;
  std::uint64_t safe = 0;
  for (std::size_t i = index + 1; i < segments.size(); ++i) {
    const auto segment = read_aof_segment(segments.path(i), {}, sink);
    if (!segment) return segment.error();
    safe = std::max(safe, segment->safe);
  }
  return safe;
}

}  // namespace

Result<std::uint64_t> AofLoader::load() {
  if (const auto found = look_for_files(); !found) return found.error();
  if (const auto loaded = load_base(); !loaded) return loaded.error();
  if (const auto loaded = load_segments(); !loaded) return loaded.error();
  return sequence_;
}

// All that the manifest names is there.
Result<> AofLoader::look_for_files() const {
  const auto missing = [this](const AofManifest::File& file) {
    return !file_exists(path_of(file));
  };
  if (manifest_.base && missing(*manifest_.base)) {
    return Error{fmt::format(
        "{} is missing, which the manifest names: it is the base, without which the rest of the "
        "log is of no use. Restore it from a backup, as tarn-restore does.",
        path_of(*manifest_.base))};
  }
  const auto lost = std::ranges::find_if(manifest_.increments, missing);
  if (lost == manifest_.increments.end()) return {};
  return Error{
      fmt::format("{} is missing, which the manifest names. Restore it from a backup; or have "
                  "tarn-check-aof --repair end the log before it, and lose what follows.",
                  path_of(*lost))};
}

Result<> AofLoader::load_base() {
  if (!manifest_.base) return {};
  const std::string path = path_of(*manifest_.base);
  const auto position = position_of_base(path);
  if (!position) return position.error();
  if (*position) sequence_ = (*position)->sequence;
  const auto beginning = read_first_bytes(path, rdb::kMagic.size());
  if (!beginning) return beginning.error();
  AofReadOptions how{.is_base = true};
  if (begins_rdb(*beginning)) {
    const auto rdb = reader_.load_rdb(path);
    if (!rdb) return rdb.error();
    how.start = bytes_before_ = rdb->bytes;
    commands_before_ = rdb->keys;
    // Commands follow in files of one piece, whose beginning a rewrite had made.
    if (how.start >= file_bytes(path)) return {};
  }
  const auto segment = run(path, how);
  if (!segment) return segment.error();
  if (segment->end == AofSegment::End::kWhole) return {};
  if (segment->end == AofSegment::End::kRot || !manifest_.increments.empty()) {
    return Error{fmt::format(
        "{}: {}. The base was whole on disk before, so it has been damaged since. Restore it from "
        "a backup, as tarn-restore does{}.",
        path, segment->damage,
        segment->annotated
            ? ""
            : "; or have tarn-check-aof --repair cut it there, and lose what follows")};
  }
  if (const auto allowed = allow_cut(path, *segment); !allowed) return allowed;
  return cut_file(path, segment->good_bytes);
}

Result<AofSegment> AofLoader::run(const std::string& path, AofReadOptions how) {
  if (reader_.on_progress) {
    how.on_progress = [this, start = how.start](std::uint64_t bytes, std::uint64_t commands) {
      reader_.on_progress(bytes_before_ + bytes - start, commands_before_ + commands);
    };
  }
  auto segment = read_aof_segment(path, how, *reader_.commands);
  if (segment) {
    bytes_before_ += segment->bytes - how.start;
    commands_before_ += segment->commands;
  }
  return segment;
}

Result<> AofLoader::load_segments() {
  if (!manifest_.increments.empty() && file_bytes(path_of(manifest_.increments.back())) == 0) {
    log::info("{} was named, but not begun, when the server ended",
              path_of(manifest_.increments.back()));
    manifest_.increments.pop_back();
  }
  std::vector<std::string> paths;
  for (const AofManifest::File& file : manifest_.increments) paths.push_back(path_of(file));
  const auto segments = SegmentList::read(paths);
  if (!segments) return segments.error();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const std::string& path = segments->path(i);
    const std::uint64_t first = segments->first(i).value_or(0);
    if (sequence_ != 0 && first > sequence_) {
      if (segments->is_repeated_later(i, sequence_)) continue;
      return Error{fmt::format(
          "{}: it goes on after batch {}, but what is before ends with {}. Restore what is missing "
          "from a backup; or have tarn-check-aof --repair end the log there, and lose what "
          "follows.",
          path, first, sequence_)};
    }
    AofReadOptions how{.known_sequence = sequence_};
    if (i + 1 == segments->size()) how.adopt_tail_ms = modification_ms(path);
    const auto segment = run(path, how);
    if (!segment) return segment.error();
    sequence_ = std::max(sequence_, segment->sequence);
    if (segment->end == AofSegment::End::kWhole && segment->adopted_commands == 0) continue;
    if (segments->is_repeated_later(i, sequence_)) continue;
    return end_log(*segments, i, *segment);
  }
  return {};
}

// The log ends with this segment: it is torn, or others have gone on behind it.
Result<> AofLoader::end_log(const SegmentList& segments, std::size_t index,
                            const AofSegment& last) {
  const std::string& path = segments.path(index);
  const auto claimed = claimed_safe_after(segments, index);
  if (!claimed) return claimed.error();
  if (last.end == AofSegment::End::kRot || *claimed > sequence_) {
    return Error{fmt::format(
        "{}: {}. {}, and what follows it was acknowledged. Restore it from a backup; or have "
        "tarn-check-aof --repair cut it there, and lose what follows.",
        path, last.damage,
        last.annotated ? "It was whole on disk before, so the file has been damaged since"
                       : "A crash does not leave that, so the file was damaged, or is none")};
  }
  if (last.end == AofSegment::End::kTorn) {
    if (const auto allowed = allow_cut(path, last); !allowed) return allowed;
  }
  if (last.adopted_commands != 0) {
    log::warn("{}: {} commands behind our last batch, as redis-server adds them, become batch {}",
              path, last.adopted_commands, last.sequence);
    return end_file_with(path, last.good_bytes, last.adopting_line);
  }
  // The manifest first: what is behind the cut must not seem to follow it.
  if (const auto dropped = drop_segments_after(index); !dropped) return dropped;
  return cut_file(path, last.good_bytes);
}

// They follow what was lost, and were never safe themselves.
Result<> AofLoader::drop_segments_after(std::size_t index) {
  auto& files = manifest_.increments;
  if (index + 1 == files.size()) return {};
  for (std::size_t i = index + 1; i < files.size(); ++i) {
    log::warn("{} follows what was cut off, and is left out", path_of(files[i]));
    manifest_.history.push_back(files[i]);
  }
  files.resize(index + 1);
  return save();
}

// The torn end of the log may be cut off; which is said.
Result<> AofLoader::allow_cut(const std::string& path, const AofSegment& segment) const {
  if (!load_truncated_) {
    return Error{fmt::format(
        "{}: {}. The end of the log is torn, as after a crash. aof-load-truncated yes cuts it "
        "there; so does tarn-check-aof --repair.",
        path, segment.damage)};
  }
  log::warn("{}: {}: the torn end of the log, {} bytes with {} whole commands, is cut off", path,
            segment.damage, segment.bytes - segment.good_bytes, segment.torn_commands);
  return {};
}

}  // namespace tarn
