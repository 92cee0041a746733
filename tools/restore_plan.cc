#include "tools/restore_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "persistence/aof/command_sink.h"
#include "tools/log_files.h"

namespace tarn {
namespace {

// ---- Base ---------------------------------------------------------------------------------------

// Without numbers of batches, which redis-server does not write, there is no moment to go to.
Error lack_of_base(const RestoreFolder& folder, const std::string& where) {
  if (folder.unplaced.empty()) return Error{where + ": there is no base"};
  return Error{fmt::format(
      "{}: neither the base nor the segment behind it has the number of a batch, as in a log of "
      "redis-server, which cannot be restored to a moment. All of it is what a server loads that "
      "is started on a copy of {}",
      folder.unplaced, where)};
}

Result<RestoreBase> choose_base(const RestoreFolder& folder, const std::string& where,
                                const Moment& moment) {
  const RestoreBase* chosen = nullptr;
  const RestoreBase* oldest = nullptr;
  const auto age = [](const RestoreBase& base) {
    return std::tuple(base.position.sequence, base.position.time_ms, base.piece.number);
  };
  for (const RestoreBase& base : folder.bases) {
    if (oldest == nullptr || age(base) < age(*oldest)) oldest = &base;
    const bool beyond =
        base.position.sequence > moment.sequence || base.position.time_ms > moment.time_ms;
    if (!beyond && (chosen == nullptr || age(*chosen) < age(base))) chosen = &base;
  }
  if (chosen != nullptr) return *chosen;
  if (oldest == nullptr) return lack_of_base(folder, where);
  std::string message = fmt::format(
      "{}: no base is as old as that; the oldest, {}, is of {}: --to {}", where, oldest->piece.name,
      print_time(oldest->position.time_ms), oldest->position.sequence);
  if (!folder.unplaced.empty()) {
    message += fmt::format("; {} does not say what it follows", folder.unplaced);
  }
  return Error{message};
}

Result<> verify_base(RestorePlan& plan) {
  const auto report = check_base(plan.base.path);
  if (!report) {
    return Error{report.error().message +
                 ". To go by an older base, move this one out of the folder."};
  }
  plan.base_keys = report->keys;
  const auto& commands = report->commands;
  if (!commands || commands->end == AofSegment::End::kWhole) return {};
  return Error{fmt::format("{}: {}", plan.base.path, commands->damage)};
}

// ---- Segments -----------------------------------------------------------------------------------

class Walk {
 public:
  Walk(RestorePlan& plan, const RestoreFolder& folder, const Moment& moment)
      : plan_(plan),
        bases_(folder.bases),
        segments_(folder.segments),
        openings_(folder.openings),
        moment_(moment) {}

  Result<> run();

 private:
  std::size_t start() const;
  Result<bool> take(std::size_t index);
  bool is_repeated_later(std::size_t index) const {
    return openings_.is_repeated_later(index, plan_.sequence);
  }
  bool is_left_before(std::size_t index) const;
  Result<> begin_at_base();
  Error stopped(const std::string& why) const {
    return Error{fmt::format("{}. What is before reaches batch {} ({}): --to {}", why,
                             plan_.sequence, print_time(plan_.time_ms), plan_.sequence)};
  }

  RestorePlan& plan_;
  const std::vector<RestoreBase>& bases_;
  const std::vector<RestorePiece>& segments_;
  const SegmentList& openings_;
  const Moment& moment_;
};

Result<> Walk::run() {
  for (std::size_t i = start(); i < segments_.size() && plan_.sequence < moment_.sequence; ++i) {
    const auto more = take(i);
    if (!more) return more.error();
    if (!*more) break;
  }
  if (moment_.is_sequence() && plan_.sequence < moment_.sequence) {
    return stopped(fmt::format("Batch {} is wanted, and no file has it", moment_.sequence));
  }
  return begin_at_base();
}

// The last segment that begins where the base ends; or else the last before.
std::size_t Walk::start() const {
  std::size_t start = 0;
  std::optional<std::uint64_t> best;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const auto first = openings_.first(i);
    if (!first || *first > plan_.base_sequence) continue;
    if (best == plan_.base_sequence && *first != plan_.base_sequence) continue;
    best = first;
    start = i;
  }
  if (best) return start;
  // Nothing goes on from it. What is older does not matter, and what is newer comes after a gap.
  while (start < segments_.size() && !openings_.first(start)) ++start;
  return start;
}

// Whether the history so far ends where this segment begins, as somebody went back from there. It
// goes on from a base of its own, which is beyond the moment, or would have been chosen.
bool Walk::is_left_before(std::size_t index) const {
  if (index >= segments_.size()) return false;
  return std::any_of(bases_.begin(), bases_.end(), [&](const RestoreBase& base) {
    return base.position.left != 0 && base.position.left == plan_.sequence &&
           openings_.first(index) == base.position.sequence;
  });
}

// Returns whether there may be more to take.
Result<bool> Walk::take(std::size_t index) {
  const RestorePiece& segment = segments_[index];
  const std::string& path = segment.path;
  const auto first = openings_.first(index);
  if (!first || *first > plan_.sequence) {
    if (is_repeated_later(index)) return true;
    if (is_left_before(index)) return false;
    return stopped(
        first ? fmt::format("{} goes on after batch {}: batches {} to {} are missing", path, *first,
                            plan_.sequence + 1, *first)
              : path + " does not begin with a sequence number: it is damaged, or not ours");
  }
  IgnoringSink sink;
  const auto read = read_aof_segment(path,
                                     {.known_sequence = plan_.sequence,
                                      .last_sequence = moment_.sequence,
                                      .last_time_ms = moment_.time_ms},
                                     sink);
  if (!read) return read.error();
  if (read->sequence > plan_.sequence || plan_.segments.empty()) {
    plan_.segments.push_back(segment);
    plan_.segments.back().bytes = read->good_bytes;
  }
  if (read->sequence > plan_.sequence) {
    plan_.sequence = read->sequence;
    plan_.time_ms = read->time_ms;
    plan_.file = segment.name;
    plan_.commands += read->commands;
  }
  if (read->end == AofSegment::End::kStopped) return false;
  if (read->end == AofSegment::End::kWhole || is_repeated_later(index)) return true;
  const std::string damage = fmt::format("{}: {}", path, read->damage);
  const bool reached = plan_.sequence >= moment_.sequence;
  const bool last = index + 1 == segments_.size() || is_left_before(index + 1);
  if (!reached && (!last || read->end == AofSegment::End::kRot)) return stopped(damage);
  plan_.torn = damage;
  return false;
}

// A server takes the number of a base from the first line of the segment behind it, and runs all
// that is in there. So that must begin right where the base ends.
Result<> Walk::begin_at_base() {
  auto& pieces = plan_.segments;
  const std::uint64_t number = pieces.empty() ? 2 : pieces.front().number;
  if (!pieces.empty()) {
    const auto opening = opening_of(pieces.front().path);
    if (!opening) return opening.error();
    if (*opening && (*opening)->sequence == plan_.base_sequence) return {};
    // All of it is in the base already.
    if (plan_.sequence == plan_.base_sequence) pieces.clear();
  }
  if (number == 1) return Error{pieces.front().path + " begins before the base does"};
  RestorePiece first;
  first.number = number - 1;
  pieces.insert(pieces.begin(), first);
  return {};
}

// ---- Numbers ------------------------------------------------------------------------------------

// What the folder has beyond the moment, as far as it is whole.
Result<> note_what_is_left(RestorePlan& plan, const RestoreFolder& folder) {
  std::uint64_t last = 0;
  for (const RestoreBase& base : folder.bases) {
    last = std::max(last, base.position.sequence);
    plan.last_base_number = std::max(plan.last_base_number, base.piece.number);
  }
  IgnoringSink sink;
  for (const RestorePiece& segment : folder.segments) {
    const auto read = read_aof_segment(segment.path, {}, sink);
    if (!read) return read.error();
    last = std::max(last, read->sequence);
    plan.last_segment_number = std::max(plan.last_segment_number, segment.number);
  }
  if (last > plan.sequence) plan.left_batches = last;
  return {};
}

}  // namespace

Result<RestorePlan> plan_restore(const std::string& folder, const std::string& name,
                                 const Moment& moment) {
  const auto found = read_restore_folder(folder, name);
  if (!found) return found.error();
  const auto base = choose_base(*found, folder, moment);
  if (!base) return base.error();
  RestorePlan plan;
  plan.base = base->piece;
  plan.base_sequence = plan.sequence = base->position.sequence;
  plan.base_time_ms = plan.time_ms = base->position.time_ms;
  plan.file = base->piece.name;
  if (const auto verified = verify_base(plan); !verified) return verified.error();
  if (const auto walked = Walk(plan, *found, moment).run(); !walked) {
    return walked.error();
  }
  if (const auto noted = note_what_is_left(plan, *found); !noted) return noted.error();
  RestorePiece& first = plan.segments.front();
  if (first.name.empty()) first.name = fmt::format("{}.{}.incr.aof", name, first.number);
  return plan;
}

}  // namespace tarn
