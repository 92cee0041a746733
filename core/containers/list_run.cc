#include "core/containers/list_run.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/base/assert.h"

namespace tarn::list_run {

std::size_t count_matches(std::string_view run, const PackedProbe& probe) {
  std::size_t matches = 0;
  const char* const end = run.data() + run.size();
  for (const char* at = run.data(); at != end; at = probe.skip(at)) {
    if (probe.matches_at(at)) ++matches;
  }
  return matches;
}

void remove_matches(char* run, std::size_t bytes, const PackedProbe& probe, std::size_t spared,
                    std::size_t n) {
  char* out = run;
  const char* kept = run;  // what lies from here to the next that goes is moved to `out`
  const auto move_kept = [&](const char* end) {
    const auto kept_bytes = static_cast<std::size_t>(end - kept);
    if (out != kept) std::memmove(out, kept, kept_bytes);
    out += kept_bytes;
  };
  for (const char* at = run; n > 0;) {
    const char* const next = probe.skip(at);
    if (probe.matches_at(at)) {
      if (spared > 0) {
        --spared;
      } else {
        move_kept(at);
        kept = next;
        --n;
      }
    }
    at = next;
  }
  move_kept(run + bytes);
}

std::optional<std::size_t> TailLengths::suffix_bytes(std::string_view run, std::size_t elements,
                                                     std::size_t count) {
  if (count > limit(elements)) return std::nullopt;
  if (lengths_.size() < count) note(run, elements);
  return std::accumulate(lengths_.end() - static_cast<std::ptrdiff_t>(count), lengths_.end(),
                         std::size_t{0});
}

void TailLengths::push(std::size_t length, std::size_t elements) {
  if (lengths_.capacity() == 0) return;
  if (lengths_.size() >= limit(elements)) {
    const auto half = static_cast<std::ptrdiff_t>(lengths_.size() / 2);
    lengths_.erase(lengths_.begin(), lengths_.begin() + half);
  }
  lengths_.push_back(static_cast<std::uint16_t>(length));
}

void TailLengths::note(std::string_view run, std::size_t elements) {
  const std::size_t noted = std::min(elements, limit(elements));
  lengths_.resize(noted);
  const char* at = skip(run.data(), elements - noted);
  for (std::uint16_t& length : lengths_) {
    length = static_cast<std::uint16_t>(packed::encoded_bytes(at));
    at += length;
  }
}

std::size_t TailLengths::memory_bytes() const {
  if (lengths_.capacity() == 0) return 0;
  return ::malloc_usable_size(const_cast<std::uint16_t*>(lengths_.data()));
}

void TailLengths::check(std::string_view run, std::size_t elements) const {
  const std::size_t known = std::min(elements, lengths_.size());
  if (elements <= 1) return;
  const char* at = skip(run.data(), elements - known);
  for (std::size_t i = lengths_.size() - known; i < lengths_.size(); ++i) {
    TARN_ASSERT(lengths_[i] == packed::encoded_bytes(at));
    at += lengths_[i];
  }
}

}  // namespace tarn::list_run
