#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tarn {

// Error replies, counted by their code: the first word.
class ErrorStats {
 public:
  void count(std::string_view error) {
    ++total_;
    const std::string_view code = error.substr(0, error.find(' '));
    auto at = by_code_.find(code);
    if (at == by_code_.end()) {
      // Codes are ours, but for those of DEBUG ERROR and of scripts: these must not fill the
      // memory.
      if (by_code_.size() >= kMaxCodes) return;
      at = by_code_.emplace(code, 0).first;
    }
    ++at->second;
  }

  std::uint64_t total() const { return total_; }
  const std::map<std::string, std::uint64_t, std::less<>>& by_code() const { return by_code_; }
  void reset() { *this = {}; }

 private:
  static constexpr std::size_t kMaxCodes = 128;

  std::uint64_t total_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> by_code_;
};

}  // namespace tarn
