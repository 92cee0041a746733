#include "server/metrics/slow_log.h"

#include <fmt/core.h>

#include <utility>

namespace tarn {
namespace {

constexpr std::size_t kMaxArgs = 32;
constexpr std::size_t kMaxArgBytes = 128;

}  // namespace

void SlowLog::add(Entry entry) {
  if (max_length_ == 0) return;
  entry.id = next_id_++;
  entries_.push_front(std::move(entry));
  if (entries_.size() > max_length_) entries_.pop_back();
}

void SlowLog::set_max_length(std::size_t max_length) {
  max_length_ = max_length;
  while (entries_.size() > max_length_) entries_.pop_back();
}

std::vector<std::string> abridge(std::span<const std::string_view> args,
                                 const std::function<bool(std::size_t position)>& is_secret) {
  // Where some are left out, the last place says how many.
  const std::size_t shown = args.size() <= kMaxArgs ? args.size() : kMaxArgs - 1;
  std::vector<std::string> texts;
  texts.reserve(kMaxArgs);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string_view arg = args[i];
    if (is_secret(i)) {
      texts.emplace_back("(redacted)");
    } else if (arg.size() <= kMaxArgBytes) {
      texts.emplace_back(arg);
    } else {
      texts.push_back(fmt::format("{}... ({} more bytes)", arg.substr(0, kMaxArgBytes),
                                  arg.size() - kMaxArgBytes));
    }
  }
  if (shown < args.size()) {
    texts.push_back(fmt::format("... ({} more arguments)", args.size() - shown));
  }
  return texts;
}

}  // namespace tarn
