#pragma once

#include <string>
#include <string_view>

// Letter case of ASCII alone, whatever the locale: names of commands, options and configuration.
namespace tarn {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

// `lower` is in lower case already.
bool equals_ignoring_case(std::string_view text, std::string_view lower);

}  // namespace tarn
