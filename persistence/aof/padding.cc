#include "persistence/aof/padding.h"

#include "core/base/assert.h"

namespace tarn {
namespace {

constexpr std::uint64_t kLineBytes = 64;

bool ends_line(std::uint64_t offset) { return offset % kLineBytes == kLineBytes - 1; }

}  // namespace

std::string make_padding(std::uint64_t begin, std::uint64_t end) {
  TARN_ASSERT(end - begin >= 2);
  std::string padding(end - begin, '#');
  for (std::uint64_t at = begin + 1; at < end - 2; ++at) {
    if (ends_line(at)) padding[at - begin] = '\n';
  }
  padding.back() = '\n';
  return padding;
}

std::string_view padding_head(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return {};
  if (begin + 1 == end) return "#\n";
  return ends_line(begin) ? "#" : "";
}

bool is_padding(std::string_view bytes) {
  return bytes.starts_with('#') && bytes.find_first_not_of("#\n") == bytes.npos;
}

}  // namespace tarn
