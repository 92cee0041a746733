#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/command.h"

namespace tarn {

// The arguments of a command as COMMAND DOCS shows them: a tree that clients make hints from. It is
// read from the row's `syntax`, so that what people read and what programs read cannot differ.
//
// The notation:
//
//   name                a value; its type follows from its name, or is given: name:double
//   TOKEN               a word that stands for itself; has no lower-case letters
//   [ ... ]             may be left out
//   ( ... )             belongs together
//   a|b                 one of both; reaches, within brackets, from end to end
//   TOKEN a b           right behind a bracket or bar: the token introduces what follows it
//   a b [a b ...]       once or more; a token in the inner bracket is repeated each time
//   (a ...)  [a ...]    once or more; any number of times
//   label=( ... )       names a group, as does label=[ ... ]; otherwise it is called after its
//                       members: nx_xx, or "condition" and "expiration", as clients know these
//   name@6.2.0          since this version, later than the command itself; right behind a value, a
//                       token or a closing bracket. name@-6.2.0: deprecated since then
//
// Outside of brackets, a|b reaches from space to space.
struct CommandArgument {
  enum class Type : std::uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock,
  };

  Type type = Type::kString;
  std::string name;
  std::string display;  // what people are shown for it; none for kOneOf and kBlock
  std::string token;
  std::string since;
  std::string deprecated_since;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  int key_spec = -1;                       // of a key: which of the row's specs finds it
  std::vector<CommandArgument> members{};  // of kOneOf and kBlock
};

// REQUIRES: the row's syntax is well-formed, which a test checks for all rows.
std::vector<CommandArgument> parse_syntax(const CommandRow& row);

// "pure-token", "oneof", ...
std::string_view argument_type_name(CommandArgument::Type type);

// The syntax for people: without labels, types and versions.
std::string plain_syntax(std::string_view syntax);

}  // namespace tarn
