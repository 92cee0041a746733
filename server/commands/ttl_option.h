#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "server/engine/args.h"

namespace tarn {

// What an option, or the lack of one, says about the deadline of a key that is written: EX, PX,
// EXAT or PXAT with an amount, KEEPTTL or PERSIST. A command takes at most one kind of them.
class TtlOption {
 public:
  enum class Kind : std::uint8_t { kNone, kEx, kPx, kExAt, kPxAt, kKeepTtl, kPersist };

  TtlOption() = default;
  TtlOption(Kind kind, std::string_view amount) : kind_(kind), amount_(amount) {}

  Kind kind() const { return kind_; }
  bool has_amount() const { return kind_ >= Kind::kEx && kind_ <= Kind::kPxAt; }

  // Takes the option that comes next, if it is one with an amount or `other` (kKeepTtl or
  // kPersist). One that contradicts an earlier one is left alone, for the caller to refuse.
  bool accept(ArgReader& args, Kind other);

  // What shall become of the deadline. Where the amount is not a number, not positive or too large,
  // the error has been sent and nothing is returned. REQUIRES: kind() != kPersist.
  std::optional<Ttl> resolve(Call& call) const;

  // The same for an option with an amount. REQUIRES: has_amount().
  std::optional<std::int64_t> deadline_ms(Call& call) const;

 private:
  Kind kind_ = Kind::kNone;
  std::string_view amount_;
};

// Tells that a key got a string, and what became of its deadline, in place of the request.
void propagate_set(Call& call, std::string_view key, std::string_view value, Ttl ttl,
                   std::uint32_t client_flags = 0, bool stale = false);

// Tells of the string under `key` as it is now, with all that belongs to it. REQUIRES: there is
// one.
void propagate_item(Call& call, const Key& key);

// Sends "invalid expire time", naming the command.
void reply_invalid_expire_time(Call& call);

}  // namespace tarn
