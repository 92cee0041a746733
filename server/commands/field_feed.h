#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/call.h"

namespace tarn {

// Tells what a command did to fields of a hash whose request speaks of times or conditions.
// Collects the fields that changed; then one of the told_ functions says how. Costs nothing where
// nobody is told.
class FieldFeed {
 public:
  FieldFeed(Call& call, std::string_view key) : call_(call), key_(key) {}

  // The bytes are an argument's.
  void changed(std::string_view field) {
    if (call_.propagates()) fields_.push_back(field);
  }

  void told_deleted() {
    if (!fields_.empty()) tell({"HDEL", key_}, fields_);
  }
  void told_deadline(std::int64_t deadline_ms) {
    if (fields_.empty()) return;
    const std::string time = std::to_string(deadline_ms);
    const std::string count = std::to_string(fields_.size());
    tell({"HPEXPIREAT", key_, time, "FIELDS", count}, fields_);
  }
  void told_persistent() {
    if (fields_.empty()) return;
    const std::string count = std::to_string(fields_.size());
    tell({"HPERSIST", key_, "FIELDS", count}, fields_);
  }
  // All of these pairs were set.
  void told_set(std::span<const std::string_view> pairs, std::optional<std::int64_t> deadline_ms,
                bool kept_deadlines) {
    if (!call_.propagates()) return;
    if (!deadline_ms && !kept_deadlines) return tell({"HSET", key_}, pairs);
    const std::string count = std::to_string(pairs.size() / 2);
    if (kept_deadlines) return tell({"HSETEX", key_, "KEEPTTL", "FIELDS", count}, pairs);
    const std::string time = std::to_string(*deadline_ms);
    tell({"HSETEX", key_, "PXAT", time, "FIELDS", count}, pairs);
  }

 private:
  void tell(std::vector<std::string_view> effect, std::span<const std::string_view> rest) {
    effect.insert(effect.end(), rest.begin(), rest.end());
    call_.propagate_as(effect);
  }

  Call& call_;
  std::string_view key_;
  std::vector<std::string_view> fields_;
};

}  // namespace tarn
