#include "tools/log_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "persistence/aof/base_position.h"
#include "persistence/aof/command_sink.h"
#include "persistence/io/files.h"
#include "tools/moment.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

// Of the directory of a log, or of the data directory that this is in.
Result<std::string> manifest_in(const std::string& directory) {
  std::vector<std::string> found;
  const auto look_into = [&](const fs::path& folder) {
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".manifest") found.push_back(file.path().string());
    }
  };
  look_into(directory);
  if (found.empty()) {
    for (const auto& file : fs::directory_iterator(directory)) {
      if (file.is_directory()) look_into(file.path());
    }
  }
  if (found.empty()) return Error{directory + ": has no manifest; name a file"};
  if (found.size() > 1) return Error{directory + ": has several manifests; name one of them"};
  return found[0];
}

// The files, in order.
Result<Log> name_files(std::string path) {
  Log log;
  if (fs::is_directory(path)) {
    auto found = manifest_in(path);
    if (!found) return found.error();
    path = *found;
  }
  if (!path.ends_with(".manifest")) {
    log.files = {path};
    // What a base is, a file of one piece may be: RDB, commands, or both.
    const auto opening = opening_of(path);
    if (!opening) return opening.error();
    log.has_base = path.ends_with(".base.aof") || (!*opening && !path.ends_with(".incr.aof"));
    return log;
  }
  auto manifest = read_manifest(path);
  if (!manifest) return manifest.error();
  log.manifest_path = path;
  log.manifest = std::move(*manifest);
  log.has_base = log.manifest.base.has_value();
  const fs::path directory = fs::path(path).parent_path();
  if (log.has_base) log.files.push_back((directory / log.manifest.base->name).string());
  for (const AofManifest::File& file : log.manifest.increments) {
    log.files.push_back((directory / file.name).string());
  }
  return log;
}

}  // namespace

Result<Log> find_log(const std::string& path) {
  auto log = name_files(path);
  if (!log) return log;
  auto segments = SegmentList::read(
      {log->files.begin() + static_cast<std::ptrdiff_t>(log->first_segment()), log->files.end()});
  if (!segments) return segments.error();
  log->segments = std::move(*segments);
  return log;
}

Result<> LogCheck::run() {
  for (std::size_t i = 0; i < log_.files.size(); ++i) {
    const bool base = i == 0 && log_.has_base;
    if (!fs::exists(log_.files[i])) {
      fmt::print("{}: is missing\n", log_.files[i]);
      found({i, std::nullopt, !base});
    } else if (const auto done = base ? check_base_file() : check_segment(i - log_.first_segment());
               !done) {
      return done;
    }
  }
  return {};
}

Result<> LogCheck::check_base_file() {
  const std::string& path = log_.files[0];
  const auto report = check_base(path);
  if (!report) {
    fmt::print("{}\n", report.error().message);
    found({0, std::nullopt, false});
    return {};
  }
  if (report->rdb) {
    fmt::print("{}: whole: RDB, {}, {} keys\n", path, report->lz4 ? "LZ4" : "plain", report->keys);
  }
  const auto position = position_of_base(path);
  if (!position) return position.error();
  if (*position) {
    begun_ = true;
    known_ = (*position)->sequence;
    fmt::print("{}: stands behind batch {}, of {}\n", path, known_,
               print_time((*position)->time_ms));
  }
  if (!report->commands) return {};
  describe(path, *report->commands, std::nullopt);
  // A base with checksums was whole, or it would not have its name.
  const bool repairable = !report->commands->annotated;
  if (report->commands->end != AofSegment::End::kWhole) found({0, report->commands, repairable});
  return {};
}

Result<> LogCheck::check_segment(std::size_t index) {
  const std::string& path = log_.segments.path(index);
  IgnoringSink sink;
  AofReadOptions how{.known_sequence = fault_ ? 0 : known_};
  if (index + 1 == log_.segments.size()) how.adopt_tail_ms = modification_ms(path);
  const auto segment = read_aof_segment(path, how, sink);
  if (!segment) return segment.error();
  describe(path, *segment, log_.segments.opening(index));
  if (fault_) {
    commands_behind_ += segment->commands;
    return {};
  }
  const std::size_t file = index + log_.first_segment();
  const std::uint64_t first = log_.segments.first(index).value_or(0);
  if (begun_ && first > known_) {
    if (log_.segments.is_repeated_later(index, known_)) return {};
    fmt::print("{}: a gap: it goes on after batch {}, but what is before ends with {}\n", path,
               first, known_);
    commands_behind_ += segment->commands;
    found({file, std::nullopt});
    return {};
  }
  begun_ = begun_ || segment->annotated;
  known_ = std::max(known_, segment->sequence);
  if (segment->end == AofSegment::End::kWhole) return {};
  if (log_.segments.is_repeated_later(index, known_)) {
    fmt::print("{}: nothing is lost: a later segment goes on from there\n", path);
  } else {
    found({file, *segment});
  }
  return {};
}

void LogCheck::describe(const std::string& path, const AofSegment& segment,
                        const std::optional<Annotation>& opening) {
  const bool whole = segment.end == AofSegment::End::kWhole;
  std::string text =
      fmt::format("{}: {}: {} commands", path, whole ? "whole" : "damaged", segment.commands);
  if (!segment.annotated) {
    text += ", no checksums";
  } else {
    text += fmt::format(" in {} batches", segment.batches);
    if (segment.sequence > segment.first_sequence) {
      text += fmt::format(", {} to {}", segment.first_sequence + 1, segment.sequence);
    }
    if (opening) text += fmt::format(", begun {}", print_time(opening->time_ms));
    if (segment.batches != 0) text += fmt::format(", until {}", print_time(segment.time_ms));
    if (segment.adopted_commands != 0) {
      text += fmt::format("; the last one of {} commands that redis-server has added",
                          segment.adopted_commands);
    }
  }
  fmt::print("{}\n", text);
  if (whole) return;
  fmt::print("  {}\n  {}\n", segment.damage,
             segment.end == AofSegment::End::kRot
                 ? "this was whole on disk once: it has been damaged since"
                 : "a torn end, as a crash leaves it");
  fmt::print("  good are the first {} of {} bytes\n", segment.good_bytes, segment.bytes);
}

}  // namespace tarn
