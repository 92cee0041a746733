#include "server/commands/value_condition.h"

#include "core/types/digest.h"

namespace tarn {
namespace {

constexpr std::string_view kNotADigest = "ERR must be exactly 16 hexadecimal characters";

}  // namespace

DigestText digest_text(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  DigestText text;
  std::uint64_t digest = value_digest(value);
  for (auto at = text.rbegin(); at != text.rend(); ++at) {
    *at = kDigits[digest & 0xf];
    digest >>= 4;
  }
  return text;
}

std::optional<ValueCondition> ValueCondition::accept(ArgReader& args) {
  constexpr std::string_view kWords[] = {"ifeq", "ifne", "ifdeq", "ifdne"};
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (!args.accept(kWords[i], 1)) continue;
    return ValueCondition(static_cast<Kind>(i), args.next());
  }
  return std::nullopt;
}

bool ValueCondition::not_comparable(Call& call, const Entry* entry) const {
  if (entry == nullptr || !on_digest() || operand_.size() == DigestText().size()) return false;
  call.reply.error(kNotADigest);
  return true;
}

bool ValueCondition::holds(const Entry* entry) const {
  const bool wants_match = kind_ == Kind::kEqual || kind_ == Kind::kDigestEqual;
  return (entry != nullptr && matches(*entry)) == wants_match;
}

bool ValueCondition::matches(const Entry& entry) const {
  const StringView value(entry);
  if (!on_digest()) return value.bytes() == operand_;
  const DigestText digest = digest_text(value);
  return equals_ignoring_case(operand_, {digest.data(), digest.size()});
}

}  // namespace tarn
