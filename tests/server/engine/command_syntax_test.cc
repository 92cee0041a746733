#include "server/engine/command_syntax.h"

#include <doctest/doctest.h>

#include "server/commands/families.h"

namespace tarn {
namespace {

// The tree on one line: name:type, with its token before, members in brackets, and ? + ++ for
// optional, multiple and multiple_token.
std::string show(const std::vector<CommandArgument>& arguments) {
  std::string line;
  for (const CommandArgument& argument : arguments) {
    if (!line.empty()) line += ' ';
    if (!argument.token.empty()) line += "<" + argument.token + ">";
    line += argument.name + ":" + std::string(argument_type_name(argument.type));
    if (argument.key_spec >= 0) line += "#" + std::to_string(argument.key_spec);
    if (!argument.members.empty()) line += "{" + show(argument.members) + "}";
    if (!argument.since.empty()) line += "@" + argument.since;
    if (!argument.deprecated_since.empty()) line += "@-" + argument.deprecated_since;
    if (argument.optional) line += '?';
    if (argument.multiple) line += argument.multiple_token ? "++" : "+";
  }
  return line;
}

std::string tree(std::string_view syntax, int specs = 1) {
  CommandRow row;
  row.syntax = syntax;
  for (int i = 0; i < specs; ++i) row.keys[static_cast<std::size_t>(i)] = key_at(1, kRO);
  return show(parse_syntax(row));
}

}  // namespace

TEST_CASE("Syntax: values have types by their names") {
  CHECK(tree("") == "");
  CHECK(tree("key value seconds pattern score unix-time-seconds") ==
        "key:key#0 value:string seconds:integer pattern:pattern score:double "
        "unix-time-seconds:unix-time");
  CHECK(tree("key increment:double ip:port") == "key:key#0 increment:double ip:port:string");
}

TEST_CASE("Syntax: keys and their specs") {
  CHECK(tree("key", 0) == "key:string");
  CHECK(tree("key1 key2") == "key1:key#0 key2:key#0");
  CHECK(tree("source destination", 2) == "source:key#0 destination:key#1");
  CHECK(tree("destkey key [key ...]", 2) == "destkey:key#0 key:key#1+");
}

TEST_CASE("Syntax: tokens") {
  CHECK(tree("[GET]") == "<GET>get:pure-token?");
  CHECK(tree("[COUNT count]") == "<COUNT>count:integer?");
  CHECK(tree("[AUTH username password]") ==
        "<AUTH>username_password:block{username:string password:string}?");
  CHECK(tree("auto_id=(*)") == "<*>auto_id:pure-token");
}

TEST_CASE("Syntax: one of several") {
  CHECK(tree("(ON|OFF|SKIP)") ==
        "on_off_skip:oneof{<ON>on:pure-token <OFF>off:pure-token <SKIP>skip:pure-token}");
  CHECK(tree("LEFT|RIGHT count") ==
        "left_right:oneof{<LEFT>left:pure-token <RIGHT>right:pure-token} count:integer");
  CHECK(tree("[NX|XX]") == "condition:oneof{<NX>nx:pure-token <XX>xx:pure-token}?");
  CHECK(tree("[EX seconds|PERSIST]") ==
        "expiration:oneof{<EX>seconds:integer <PERSIST>persist:pure-token}?");
  CHECK(tree("[TYPE (A|B)]") == "<TYPE>a_b:oneof{<A>a:pure-token <B>b:pure-token}?");
}

TEST_CASE("Syntax: groups and labels") {
  CHECK(tree("[offset count]") == "offset_count:block{offset:integer count:integer}?");
  CHECK(tree("index=[start end index_unit=[BYTE|BIT]]") ==
        "index:block{start:integer end:integer "
        "index_unit:oneof{<BYTE>byte:pure-token <BIT>bit:pure-token}?}?");
  CHECK(tree("[FILTERBY filterby=(MODULE module-name|PATTERN pattern)]") ==
        "<FILTERBY>filterby:oneof{<MODULE>module-name:string <PATTERN>pattern:pattern}?");
}

TEST_CASE("Syntax: repetition") {
  CHECK(tree("key [key ...]") == "key:key#0+");
  CHECK(tree("[name ...]") == "name:string?+");
  CHECK(tree("key value [key value ...]") == "key_value:block{key:key#0 value:string}+");
  CHECK(tree("[GET pattern [GET pattern ...]]") == "<GET>pattern:pattern?++");
  CHECK(tree("[ID client-id [client-id ...]]") == "<ID>client-id:integer?+");
  CHECK(tree("operation=[GET offset|SET value ...]") ==
        "operation:oneof{<GET>offset:integer <SET>value:string}?+");
  CHECK(tree("(A a|B b ...)") == "a_b:oneof{<A>a:string <B>b:string}+");
}

TEST_CASE("Syntax: versions") {
  CHECK(tree("key [count]@6.2.0") == "key:key#0 count:integer@6.2.0?");
  CHECK(tree("[ASYNC@4.0.0|SYNC@6.2.0]") ==
        "async_sync:oneof{<ASYNC>async:pure-token@4.0.0 <SYNC>sync:pure-token@6.2.0}?");
  CHECK(tree("change=[CH]@3.0.2") == "<CH>change:pure-token@3.0.2?");
  CHECK(tree("[ID client-id [client-id ...]]@6.2.0") == "<ID>client-id:integer@6.2.0?+");
  CHECK(tree("(ip:port:string@-2.8.12|TYPE (A|B@5.0.0)@2.8.12)") ==
        "ip:port_a_b:oneof{ip:port:string@-2.8.12 "
        "<TYPE>a_b:oneof{<A>a:pure-token <B>b:pure-token@5.0.0}@2.8.12}");
  CHECK(tree("[EX seconds@2.6.12|(AUTH2 user word)@6.0.0]") ==
        "expiration:oneof{<EX>seconds:integer@2.6.12 "
        "<AUTH2>user_word:block{user:string word:string}@6.0.0}?");
}

TEST_CASE("Syntax: what is shown of an argument") {
  CommandRow row;
  row.syntax = "key change=[CH] [EX seconds|KEEPTTL] increment:double";
  const auto arguments = parse_syntax(row);
  CHECK(arguments[0].display == "key");
  CHECK(arguments[1].name == "change");
  CHECK(arguments[1].display == "ch");
  CHECK(arguments[2].display.empty());
  CHECK(arguments[2].members[0].display == "seconds");
  CHECK(arguments[2].members[1].display == "keepttl");
  CHECK(arguments[3].display == "increment");
}

TEST_CASE("Syntax: patterns that stand for keys") {
  CommandRow row;
  row.syntax = "key [BY pattern] [STORE destination]";
  KeySpec unknown;
  unknown.begin = KeySpec::Begin::kUnknown;
  row.keys = {key_at(1, kRO), unknown, unknown};
  CHECK(show(parse_syntax(row)) == "key:key#0 <BY>pattern:pattern#1? <STORE>destination:key#2?");
}

TEST_CASE("Syntax: for people") {
  CHECK(plain_syntax("key [count]@6.2.0 [A@1.0.0|B b@-2.0.0]@3.0.0 c") == "key [count] [A|B b] c");
  CHECK(plain_syntax("key index=[start end index_unit=[BYTE|BIT]] increment:double") ==
        "key [start end [BYTE|BIT]] increment");
  CHECK(plain_syntax("ip:port = =|~") == "ip:port = =|~");
}

TEST_CASE("Syntax: that of every command can be read") {
  for (const auto family :
       {string_commands(), string_set_commands(), string_number_commands(), string_multi_commands(),
        string_condition_commands(), string_lcs_commands(), lease_commands(), bitmap_commands(),
        bitfield_commands(), object_commands(), key_commands(), key_expiry_commands(),
        key_scan_commands(), database_commands(), connection_commands(), client_commands(),
        server_commands(), command_commands(), pubsub_commands()}) {
    for (const CommandRow& row : family) {
      CHECK(parse_syntax(row).empty() == row.syntax.empty());
      for (const CommandRow& subrow : row.subcommands) {
        CHECK(parse_syntax(subrow).empty() == subrow.syntax.empty());
      }
    }
  }
}

}  // namespace tarn
