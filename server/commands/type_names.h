#pragma once

#include <string_view>

#include "core/keyspace/entry.h"

namespace tarn {

// As TYPE calls it: "string", "zset" ...
std::string_view type_name(Type type);

// As OBJECT ENCODING calls it: the name that Redis has for the encoding that it would have chosen.
std::string_view encoding_name(const Entry& entry);

}  // namespace tarn
