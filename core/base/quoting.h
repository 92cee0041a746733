#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {

// Splits a line into words as inline requests, the configuration file and ACL files write them:
//
//   plain            up to the next space; a quote within opens a quoted part of the same word
//   "double"         \n \r \t \b \a and \xHH (two hex digits) are that byte; \ and any other byte
//                    is that other byte
//   'single'         \' is a quote; everything else stands for itself
//
// A closing quote must be followed by a space or the end. Spaces are those of isspace in the C
// locale. Returns nullopt for unbalanced quotes. NUL bytes are bytes like others.
std::optional<std::vector<std::string>> split_quoted(std::string_view line);

// `bytes` in double quotes, printable ASCII as it is, the rest escaped (\\ \" \n \r \t \a \b \xHH
// in lower case) as MONITOR, SLOWLOG and CONFIG REWRITE print it. split_quoted reads it back.
std::string quote(std::string_view bytes);
// The same of the first 64 bytes, followed by "..." where there are more: for messages.
std::string quote_beginning(std::string_view bytes);

}  // namespace tarn
