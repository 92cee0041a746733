#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/numbers.h"
#include "core/containers/packed_element.h"

namespace tarn {

// A member of a set: an integer, or a string that spells none. So two members are equal if and only
// if they are the same to a client, and an argument is parsed once, however often it is looked for.
//
// Borrows a string's bytes: those of an argument, or of the set that it was read from, where they
// stay until the set is changed.
class SetMember {
 public:
  using Scratch = PackedElement::Scratch;

  SetMember() = default;
  // The integer that the text spells, or else the text.
  explicit SetMember(std::string_view text) {
    is_integer_ = parse_int64(text, integer_);
    if (!is_integer_) string_ = text;
  }
  explicit SetMember(std::int64_t integer) : integer_(integer), is_integer_(true) {}
  // REQUIRES: not a double
  explicit SetMember(const PackedElement& element) : is_integer_(element.is_integer()) {
    if (is_integer_) {
      integer_ = element.integer();
    } else {
      string_ = element.string();
    }
  }

  bool is_integer() const { return is_integer_; }
  // REQUIRES: is_integer()
  std::int64_t integer() const { return integer_; }
  // REQUIRES: not is_integer()
  std::string_view string() const { return string_; }

  // Its bytes as clients see them; a number's are written to `scratch`.
  std::string_view text(Scratch& scratch) const {
    if (!is_integer_) return string_;
    return {scratch.data(), format_int64(scratch.data(), integer_)};
  }
  // text().size()
  std::size_t text_bytes() const {
    if (!is_integer_) return string_.size();
    const bool negative = integer_ < 0;
    const auto bits = static_cast<std::uint64_t>(integer_);
    return (negative ? 1 : 0) + digits10(negative ? 0 - bits : bits);
  }

  PackedProbe probe() const { return is_integer_ ? PackedProbe(integer_) : PackedProbe(string_); }

  // The keyed hash of large sets.
  std::uint64_t hash() const {
    if (!is_integer_) return hash_bytes(string_);
    const auto bytes = std::bit_cast<std::array<char, sizeof integer_>>(integer_);
    return hash_bytes({bytes.data(), bytes.size()});
  }

  bool operator==(const SetMember& other) const {
    return is_integer_ == other.is_integer_ && integer_ == other.integer_ &&
           string_ == other.string_;
  }

 private:
  std::string_view string_;
  std::int64_t integer_ = 0;
  bool is_integer_ = false;
};

// Members that go through an operation together, one stage after the other, so that the cache
// misses of all of them overlap. Sets answer for a batch with one bit a member.
class MemberBatch {
 public:
  static constexpr std::size_t kCapacity = 64;
  // Bit i is about the i-th member.
  using Mask = std::uint64_t;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == kCapacity; }
  const SetMember& operator[](std::size_t i) const { return members_[i]; }
  // All bits that are about a member.
  Mask all() const { return full() ? ~Mask{0} : (Mask{1} << size_) - 1; }

  // REQUIRES: not full
  void push(const SetMember& member) { members_[size_++] = member; }
  void clear() { size_ = hashed_ = 0; }

  // Leaves only those of the mask, in order.
  void keep(Mask mask) {
    if (mask == all()) return;
    const std::size_t hashed_before = hashed_;
    std::size_t kept = 0;
    hashed_ = 0;
    for (; mask != 0; mask &= mask - 1, ++kept) {
      const auto i = static_cast<std::size_t>(std::countr_zero(mask));
      members_[kept] = members_[i];
      if (i >= hashed_before) continue;
      hashes_[kept] = hashes_[i];
      ++hashed_;
    }
    size_ = kept;
  }

  // The members' hashes, each computed once: sets with other encodings than large need none.
  const std::uint64_t* hashes() {
    for (; hashed_ < size_; ++hashed_) hashes_[hashed_] = members_[hashed_].hash();
    return hashes_.data();
  }

 private:
  std::array<SetMember, kCapacity> members_;
  std::array<std::uint64_t, kCapacity> hashes_;  // of the first `hashed_` members
  std::size_t size_ = 0;
  std::size_t hashed_ = 0;
};

// Calls fn(MemberBatch&) for the texts in order, as many at once as a batch takes.
template <class Fn>
void for_each_batch(std::span<const std::string_view> texts, Fn&& fn) {
  MemberBatch batch;
  for (const std::string_view text : texts) {
    batch.push(SetMember(text));
    if (!batch.full()) continue;
    fn(batch);
    batch.clear();
  }
  if (!batch.empty()) fn(batch);
}

}  // namespace tarn
