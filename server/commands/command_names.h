#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/engine/reply.h"

namespace tarn {

// Sets of CommandFlag, Category (with a leading '@') and KeySpecFlag as COMMAND INFO and
// GETKEYSANDFLAGS show them: sets of simple strings, in the order that clients know.
void reply_command_flags(Reply& reply, std::uint32_t flags);
void reply_categories(Reply& reply, std::uint32_t categories);
void reply_key_flags(Reply& reply, std::uint16_t flags);

// The category's bit by its name without '@', in any case.
std::optional<std::uint32_t> category_by_name(std::string_view name);

}  // namespace tarn
