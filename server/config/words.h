#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/ascii.h"

namespace tarn {

// Whether these are the same but for letter case, as names and keywords of the configuration are.
bool same_word(std::string_view left, std::string_view right);

// The words as a line that split_quoted splits into them again, in quotes only where needed.
std::string join_words(std::span<const std::string> words);

}  // namespace tarn
