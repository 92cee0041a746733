#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "persistence/aof/annotation.h"

namespace tarn {

// The line that a segment begins with; nothing for a file without annotations.
Result<std::optional<Annotation>> opening_of(const std::string& path);

// The segments of a log in their order, with the lines that they begin with, which say how one goes
// on from the other.
//
// A segment begins where the one before ends. Only where a sync had failed, nobody knew what the
// disk had of a segment, so that the next one says again all that was not safe: whatever is wrong
// with such a segment, nothing is lost with it.
class SegmentList {
 public:
  // A file that is not there has no opening; one that cannot be read is an error.
  static Result<SegmentList> read(const std::vector<std::string>& paths);

  std::size_t size() const { return segments_.size(); }
  const std::string& path(std::size_t index) const { return segments_[index].path; }
  const std::optional<Annotation>& opening(std::size_t index) const {
    return segments_[index].opening;
  }
  // The number of the last batch before the segment's own.
  std::optional<std::uint64_t> first(std::size_t index) const;

  // Whether a segment behind this one says again what comes after the batch of that number. Never
  // behind segments without annotations alone: those are another server's, and it repeats nothing.
  bool is_repeated_later(std::size_t index, std::uint64_t sequence) const;

 private:
  struct Segment {
    std::string path;
    std::optional<Annotation> opening;
  };

  std::vector<Segment> segments_;
};

}  // namespace tarn
