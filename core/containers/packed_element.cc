#include "core/containers/packed_element.h"

#include <cmath>

#include "core/base/assert.h"

namespace tarn {

// ---- PackedElement ------------------------------------------------------------------------------

std::string_view PackedElement::number_text(Scratch& scratch) const {
  const std::size_t size = is_integer() ? format_int64(scratch.data(), integer())
                                        : format_double(scratch.data(), score());
  return {scratch.data(), size};
}

std::size_t PackedElement::text_bytes() const {
  Scratch scratch;
  return text(scratch).size();
}

// ---- PackedProbe --------------------------------------------------------------------------------

PackedProbe::PackedProbe(const PackedElement& element) {
  if (element.is_string()) {
    set_string(element.string());
  } else if (element.is_integer()) {
    set_integer(element.integer());
  } else {
    set_double(element.score());
  }
}

PackedProbe PackedProbe::score(double score) {
  constexpr double kEnd = 0x1p63;  // past the last int64
  TARN_ASSERT(!std::isnan(score));
  const bool fits = score >= -kEnd && score < kEnd && score == std::trunc(score);
  PackedProbe probe;
  if (fits && !(score == 0 && std::signbit(score))) {
    probe.set_integer(static_cast<std::int64_t>(score));
  } else {
    probe.set_double(score);
  }
  return probe;
}

void PackedProbe::set_long_string_head() {
  const std::size_t length = string_.size();
  if (length <= packed::kMaxMediumStringBytes) {
    set_tag(packed::kMediumString + static_cast<unsigned>(length >> 8));
    head_[1] = static_cast<char>(length);
    head_bytes_ = 2;
  } else {
    TARN_ASSERT(length <= packed::kMaxStringBytes);
    set_tag(packed::kLongString);
    packed::save(&head_[1], static_cast<std::uint32_t>(length));
    head_bytes_ = 5;
  }
}

void PackedProbe::set_integer(std::int64_t integer) {
  kind_ = Kind::kInteger;
  integer_ = integer;
  if (integer >= 0 && integer <= packed::kMaxTinyInteger) {
    set_tag(static_cast<unsigned>(integer));
    return;
  }
  // All bits of the magnitude, and one for the sign.
  const auto magnitude = static_cast<std::uint64_t>(integer ^ (integer >> 63));
  const unsigned bytes = (static_cast<unsigned>(std::bit_width(magnitude)) + 8) / 8;
  set_tag(packed::kInteger + bytes);
  packed::save(&head_[1], integer);
  head_bytes_ = static_cast<std::uint8_t>(1 + bytes);
}

void PackedProbe::set_double(double score) {
  kind_ = Kind::kDouble;
  score_ = score;
  set_tag(packed::kDouble);
  packed::save(&head_[1], std::bit_cast<std::uint64_t>(score));
  head_bytes_ = 9;
}

// ---- Untrusted bytes ----------------------------------------------------------------------------

namespace packed {
namespace {

// The bytes that say how long the element is, and all of a number; 0 for what is no tag.
std::size_t head_bytes_of(unsigned tag) {
  if (tag < kMediumString) return 1;
  if (tag < kLongString) return 2;
  if (tag == kLongString) return 5;
  if (tag <= kInteger64) return 1 + tag - kInteger;
  return tag == kDouble ? 9 : 0;
}

// Whether the value would have been written in these bytes.
bool is_canonical(const char* at, const PackedElement& element) {
  if (element.is_string()) return PackedProbe(element.string()).matches_at(at);
  if (element.is_integer()) return PackedProbe(element.integer()).matches_at(at);
  return !std::isnan(element.score()) && PackedProbe::score(element.score()).matches_at(at);
}

}  // namespace

const char* read_checked(const char* at, const char* end, PackedElement& element) {
  if (at == end) return nullptr;
  const auto room = static_cast<std::size_t>(end - at);
  const std::size_t head_bytes = head_bytes_of(tag_at(at));
  if (head_bytes == 0 || head_bytes > room || encoded_bytes(at) > room) return nullptr;

  PackedElement found;
  const char* next = read(at, found);
  if (!is_canonical(at, found)) return nullptr;
  element = found;
  return next;
}

}  // namespace packed
}  // namespace tarn
