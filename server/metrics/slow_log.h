#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

// The last commands that took long.
class SlowLog {
 public:
  struct Entry {
    std::int64_t id;
    std::int64_t time_s;  // Unix time
    std::int64_t duration_us;
    std::vector<std::string> args;  // abridged
    std::string client_address;
    std::string client_name;
  };

  // Fills in the id. Ids go on rising after a reset.
  void add(Entry entry);
  // The newest first.
  const std::deque<Entry>& entries() const { return entries_; }
  void reset() { entries_.clear(); }

  // Longer than this it does not get; the oldest go.
  void set_max_length(std::size_t max_length);

 private:
  std::deque<Entry> entries_;
  std::size_t max_length_ = 128;
  std::int64_t next_id_ = 0;
};

// The arguments as logs keep them: at most 32 of at most 128 bytes, with what is left out counted,
// and "(redacted)" for those that are secret.
std::vector<std::string> abridge(std::span<const std::string_view> args,
                                 const std::function<bool(std::size_t position)>& is_secret);

}  // namespace tarn
