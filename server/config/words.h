#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tarn {

// Names and keywords of the configuration ignore (ASCII) letter case.
std::string lower_case(std::string_view text);
bool same_word(std::string_view left, std::string_view right);

// The words as a line that split_quoted splits into them again, in quotes only where needed.
std::string join_words(std::span<const std::string> words);

}  // namespace tarn
