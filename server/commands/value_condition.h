#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "server/engine/args.h"

namespace tarn {

// The digest of a value as 16 hexadecimal digits, lower case.
using DigestText = std::array<char, 16>;
DigestText digest_text(std::string_view value);

// A comparison with the string that a key holds now: IFEQ value, IFNE value, IFDEQ digest or
// IFDNE digest. A missing key is equal to nothing.
class ValueCondition {
 public:
  // Takes the condition that comes next, if one does.
  static std::optional<ValueCondition> accept(ArgReader& args);

  static ValueCondition equal(std::string_view value) { return {Kind::kEqual, value}; }

  // Whether the key holds something and the operand is too long or too short to be its digest, in
  // which case the error has been sent. As in Redis, nothing else of a digest is looked at, and
  // nothing at all for a missing key.
  bool not_comparable(Call& call, const Entry* entry) const;

  // REQUIRES: `entry` is nullptr or a string.
  bool holds(const Entry* entry) const;

 private:
  enum class Kind : std::uint8_t { kEqual, kNotEqual, kDigestEqual, kDigestNotEqual };

  ValueCondition(Kind kind, std::string_view operand) : kind_(kind), operand_(operand) {}
  bool on_digest() const { return kind_ >= Kind::kDigestEqual; }
  bool matches(const Entry& entry) const;

  Kind kind_;
  std::string_view operand_;
};

}  // namespace tarn
