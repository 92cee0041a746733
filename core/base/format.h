#pragma once

#include <fmt/core.h>

#include <span>
#include <string>
#include <string_view>

namespace tarn {

// fmt::format makes a new string; these write where there is one already. They stand in for
// fmt::format_to and its kin, each of which compiles all of fmt's formatter again where it is
// called: here that is done once, in the functions that take the arguments as a list.

void vappend_format(std::string& out, fmt::string_view text, fmt::format_args args);
std::string_view vformat_within(std::span<char> room, fmt::string_view text, fmt::format_args args);

// Appends: append_format(line, "{}:{}", host, port).
template <class... Args>
void append_format(std::string& out, fmt::format_string<Args...> text, const Args&... args) {
  vappend_format(out, text, fmt::make_format_args(args...));
}

// Writes into `room`, without allocating, as much of the text as it takes; returns what it wrote.
template <class... Args>
std::string_view format_within(std::span<char> room, fmt::format_string<Args...> text,
                               const Args&... args) {
  return vformat_within(room, text, fmt::make_format_args(args...));
}

}  // namespace tarn
