#include "tools/restore_folder.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/base/numbers.h"
#include "persistence/aof/manifest.h"
#include "persistence/io/files.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

// The number in "NAME.<number><ending>".
std::optional<std::uint64_t> number_in(std::string_view file, const std::string& name,
                                       std::string_view ending) {
  std::uint64_t number = 0;
  if (!file.starts_with(name + ".") || !file.ends_with(ending)) return std::nullopt;
  file.remove_prefix(name.size() + 1);
  if (file.size() <= ending.size()) return std::nullopt;
  file.remove_suffix(ending.size());
  if (!parse_uint64(file, number) || number == 0) return std::nullopt;
  return number;
}

class Scan {
 public:
  Scan(const std::string& folder, const std::string& name) : folder_(folder), name_(name) {}

  Result<RestoreFolder> run();

 private:
  Result<> read_names();
  Result<> add_base(const std::string& file, std::uint64_t number);
  void add_segment(const std::string& file, std::uint64_t number);
  Result<std::optional<BasePosition>> position_by_manifest(const std::string& file) const;
  std::string path_of(const std::string& file) const { return folder_ + "/" + file; }

  const std::string folder_;
  const std::string name_;
  std::optional<AofManifest> manifest_;
  RestoreFolder found_;
};

Result<RestoreFolder> Scan::run() {
  const std::string manifest_path = path_of(name_ + ".manifest");
  if (fs::exists(manifest_path)) {
    auto manifest = read_manifest(manifest_path);
    if (!manifest) return manifest.error();
    manifest_ = std::move(*manifest);
  }
  if (const auto done = read_names(); !done) return done.error();
  std::sort(found_.segments.begin(), found_.segments.end(),
            [](const RestorePiece& a, const RestorePiece& b) { return a.number < b.number; });
  std::vector<std::string> paths;
  for (const RestorePiece& segment : found_.segments) paths.push_back(segment.path);
  auto openings = SegmentList::read(paths);
  if (!openings) return openings.error();
  found_.openings = std::move(*openings);
  return std::move(found_);
}

Result<> Scan::read_names() {
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string file = entry.path().filename();
    Result<> added;
    if (const auto segment = number_in(file, name_, ".incr.aof")) {
      add_segment(file, *segment);
    } else if (const auto base = number_in(file, name_, ".base.rdb")) {
      added = add_base(file, *base);
    } else if (const auto commands = number_in(file, name_, ".base.aof")) {
      added = add_base(file, *commands);
    } else if (manifest_ && manifest_->base && manifest_->base->name == file) {
      // What was a file of one piece has kept its name.
      added = add_base(file, manifest_->base->number);
    }
    if (!added) return added;
  }
  return {};
}

void Scan::add_segment(const std::string& file, std::uint64_t number) {
  const std::string path = path_of(file);
  // One that was named and not begun is none.
  if (file_bytes(path) != 0) found_.segments.push_back({path, file, number, 0});
}

Result<> Scan::add_base(const std::string& file, std::uint64_t number) {
  const std::string path = path_of(file);
  auto position = position_of_base(path);
  if (position && !*position) position = position_by_manifest(file);
  if (!position) return position.error();
  if (*position) {
    found_.bases.push_back({{path, file, number, file_bytes(path)}, **position});
  } else {
    found_.unplaced = path;
  }
  return {};
}

Result<std::optional<BasePosition>> Scan::position_by_manifest(const std::string& file) const {
  const std::optional<BasePosition> unknown;
  if (!manifest_ || !manifest_->base || manifest_->base->name != file) return unknown;
  if (manifest_->increments.empty()) return unknown;
  const std::string first = path_of(manifest_->increments[0].name);
  if (!fs::exists(first)) return unknown;
  const auto opening = opening_of(first);
  if (!opening) return opening.error();
  if (!*opening) return unknown;
  return std::optional(BasePosition{(*opening)->sequence, (*opening)->time_ms});
}

}  // namespace

Result<RestoreFolder> read_restore_folder(const std::string& folder, const std::string& name) {
  return Scan(folder, name).run();
}

}  // namespace tarn
