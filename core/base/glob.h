#pragma once

#include <string_view>

namespace tarn {

// Shell-like patterns as in KEYS, SCAN MATCH, PSUBSCRIBE, ACL key patterns and CONFIG GET:
//
//   *        any bytes, also none         [a-z0]   one byte of the class (ranges in either order)
//   ?        any one byte                 [^a-z]   one byte that is not of the class
//   \x       x itself, special or not     else     the byte itself
//
// The odd corners are Redis's, since clients depend on them:
//  - a class without ']' ends with the pattern; a ']' right after '[' closes the (empty) class;
//  - within a class '\' escapes too; a lone '\' at the very end of the pattern stands for itself;
//  - ranges compare bytes as signed, so 0x80 to 0xff order below 0x00 to 0x7f;
//  - ignore_case folds ASCII letters, but not those escaped within a class, and it folds the two
//    ends of a range after they were put in order;
//  - the empty text matches the empty pattern only, not even "*".
//
// Never recurses and needs no memory. At most pattern.size() * text.size() steps, whatever the
// number of stars, since only the last star passed can ever need another try.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text,
                              bool ignore_case = false);

// Whether no byte of `pattern` is special, so that it matches just the text equal to it.
[[nodiscard]] bool is_literal_pattern(std::string_view pattern);

}  // namespace tarn
