#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/engine/args.h"
#include "server/engine/call.h"

namespace tarn {

// What the commands on deadlines of hash fields have in common.

// The latest deadline that a field can have, in Unix milliseconds.
inline constexpr std::int64_t kMaxFieldDeadlineMs = (std::int64_t{1} << 46) - 1;

inline constexpr std::string_view kNoFieldsWord =
    "ERR Mandatory argument FIELDS is missing or not at the right position";

// Takes FIELDS, a number, and as many fields, which are all that may be left. Returns the fields.
std::span<const std::string_view> next_fields(
    ArgReader& args,
    std::string_view bad_number = "ERR Number of fields must be a positive integer");

// The deadline that an amount of time means, from `base_ms` on. Where it is no number, negative or
// too far away, the error has been sent and nothing is returned.
std::optional<std::int64_t> field_deadline_ms(Call& call, std::string_view amount, bool in_seconds,
                                              std::int64_t base_ms);

}  // namespace tarn
