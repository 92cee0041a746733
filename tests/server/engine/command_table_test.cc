#include "server/engine/command_table.h"

#include <doctest/doctest.h>

#include "server/commands/families.h"

namespace tarn {
namespace {

struct Row {
  const char* syntax;
  std::uint32_t category;
  std::size_t member;
};

}  // namespace

TEST_CASE("the argument that names a member follows from the syntax") {
  for (const Row row :
       {Row{"key field", kHashCategory, 2},
        Row{"key field value [field value ...]", kHashCategory, 2},
        Row{"key member [member ...]", kSetCategory, 2},
        Row{"source destination member", kSetCategory, 3},
        Row{"key increment member", kSortedSetCategory, 3},
        Row{"key [NX|XX] [CH] score member [score member ...]", kSortedSetCategory, 3},
        Row{"key seconds [NX|XX] FIELDS numfields field [field ...]", kHashCategory, 5},
        Row{"key", kHashCategory, 0}, Row{"key [count]", kSetCategory, 0},
        Row{"key member", kGeoCategory, 0}}) {
    CAPTURE(row.syntax);
    CommandRow command{.name = "it", .arity = -2, .categories = row.category, .syntax = row.syntax};
    command.keys[0] = key_at(1, kRO);
    CommandTable table;
    table.add(std::span(&command, 1));
    CHECK(table.find("it")->member == row.member);
  }
}

TEST_CASE("commands of hashes, sets and sorted sets say what they name") {
  CommandTable table;
  for (const auto rows : {hash_commands(), hash_edit_commands(), set_commands(), zset_commands()}) {
    table.add(rows);
  }
  for (const char* name : {"hset", "hget", "hdel", "hmget", "hincrby", "sadd", "sismember", "srem",
                           "zscore", "zrank", "zrem"}) {
    CAPTURE(name);
    CHECK(table.find(name)->member == 2);
  }
  CHECK(table.find("zadd")->member == 3);
  CHECK(table.find("zincrby")->member == 3);
  CHECK(table.find("hlen")->member == 0);
  CHECK(table.find("zcard")->member == 0);
}

}  // namespace tarn
