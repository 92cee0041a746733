#include "persistence/aof/segment_list.h"

#include <algorithm>

#include "persistence/io/file_source.h"
#include "persistence/io/files.h"

namespace tarn {

Result<std::optional<Annotation>> opening_of(const std::string& path) {
  auto line = read_first_bytes(path, kMaxAnnotationBytes);
  if (!line) return line.error();
  line->resize(std::min(line->size(), line->find('\n') + 1));
  return parse_annotation(*line);
}

Result<SegmentList> SegmentList::read(const std::vector<std::string>& paths) {
  SegmentList list;
  for (const std::string& path : paths) {
    Segment segment{path, std::nullopt};
    if (file_exists(path)) {
      const auto opening = opening_of(path);
      if (!opening) return opening.error();
      segment.opening = *opening;
    }
    list.segments_.push_back(std::move(segment));
  }
  return list;
}

std::optional<std::uint64_t> SegmentList::first(std::size_t index) const {
  const auto& line = opening(index);
  return line ? std::optional(line->sequence) : std::nullopt;
}

bool SegmentList::is_repeated_later(std::size_t index, std::uint64_t sequence) const {
  const auto behind = segments_.begin() + static_cast<std::ptrdiff_t>(index) + 1;
  const auto is_ours = [](const Segment& segment) { return segment.opening.has_value(); };
  if (std::none_of(segments_.begin(), behind, is_ours)) return false;
  return std::any_of(behind, segments_.end(), [&](const Segment& segment) {
    return segment.opening && segment.opening->sequence <= sequence;
  });
}

}  // namespace tarn
