#pragma once

#include <string_view>

namespace tarn {

// The version of Redis that clients find when they ask, and choose what to send by.
inline constexpr std::string_view kRedisVersion = "7.2.4";

}  // namespace tarn
