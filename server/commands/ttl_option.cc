#include "server/commands/ttl_option.h"

#include <array>
#include <span>
#include <string>

#include <fmt/core.h>

#include "core/base/numbers.h"

namespace tarn {
namespace {

struct Word {
  TtlOption::Kind kind;
  std::string_view lower;
};

constexpr Word kWordsWithAmount[] = {
    {TtlOption::Kind::kEx, "ex"},
    {TtlOption::Kind::kPx, "px"},
    {TtlOption::Kind::kExAt, "exat"},
    {TtlOption::Kind::kPxAt, "pxat"},
};

}  // namespace

bool TtlOption::accept(ArgReader& args, Kind other) {
  const auto fits = [this](Kind kind) { return kind_ == Kind::kNone || kind_ == kind; };
  for (const Word& word : kWordsWithAmount) {
    if (fits(word.kind) && args.accept(word.lower, 1)) {
      *this = TtlOption(word.kind, args.next());
      return true;
    }
  }
  if (fits(other) && args.accept(other == Kind::kPersist ? "persist" : "keepttl")) {
    kind_ = other;
    return true;
  }
  return false;
}

std::optional<Ttl> TtlOption::resolve(Call& call) const {
  if (kind_ == Kind::kNone) return Ttl::none();
  if (kind_ == Kind::kKeepTtl) return Ttl::keep();
  const std::optional<std::int64_t> deadline = deadline_ms(call);
  if (!deadline) return std::nullopt;
  return Ttl::until(*deadline);
}

std::optional<std::int64_t> TtlOption::deadline_ms(Call& call) const {
  std::int64_t time_ms = 0;
  if (!parse_int64(amount_, time_ms)) {
    call.reply.error(errors::kNotInteger);
    return std::nullopt;
  }
  const bool in_seconds = kind_ == Kind::kEx || kind_ == Kind::kExAt;
  const bool relative = kind_ == Kind::kEx || kind_ == Kind::kPx;
  if (time_ms <= 0 || (in_seconds && __builtin_mul_overflow(time_ms, 1000, &time_ms)) ||
      (relative && __builtin_add_overflow(time_ms, call.now_ms(), &time_ms))) {
    reply_invalid_expire_time(call);
    return std::nullopt;
  }
  return time_ms;
}

void propagate_set(Call& call, std::string_view key, std::string_view value, Ttl ttl,
                   std::uint32_t client_flags, bool stale) {
  if (!call.propagates()) return;
  std::array<std::string_view, 8> args = {"SET", key, value};
  std::size_t count = 3;
  std::string deadline;
  std::string flags;
  if (const auto deadline_ms = ttl.deadline_ms()) {
    deadline = std::to_string(*deadline_ms);
    args[count++] = "PXAT";
    args[count++] = deadline;
  } else if (ttl.keeps()) {
    args[count++] = "KEEPTTL";
  }
  if (client_flags != 0) {
    flags = std::to_string(client_flags);
    args[count++] = "FLAGS";
    args[count++] = flags;
  }
  if (stale) args[count++] = "STALE";
  call.propagate_as(std::span(args.data(), count));
}

void propagate_item(Call& call, const Key& key) {
  if (!call.propagates()) return;
  const Entry* entry = call.db().peek(key);
  const StringView value(*entry);
  const Ttl ttl = entry->has_deadline() ? Ttl::until(entry->deadline_ms()) : Ttl::none();
  propagate_set(call, key.bytes, value.bytes(), ttl, entry->client_flags(), entry->awaits_value());
}

void reply_invalid_expire_time(Call& call) {
  call.reply.error(fmt::format("ERR invalid expire time in '{}' command", call.command.full_name));
}

}  // namespace tarn
