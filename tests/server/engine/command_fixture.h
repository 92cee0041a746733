#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/keyspace/databases.h"
#include "server/config/config.h"
#include "server/engine/command_table.h"
#include "server/engine/dispatcher.h"
#include "server/engine/session.h"

namespace tarn {

// A server without sockets, on a clock that the test moves. Runs commands as one client would:
//
//     CommandFixture server({string_commands(), string_set_commands()});
//     CHECK(server.run("SET k \"two words\" EX 10") == "+OK");
//     CHECK(server.run("MGET k missing") == "*2 $9 two words $-1");
//
// Families that need another feature than const Config are added to `table` before the first
// command.
class CommandFixture {
 public:
  using Families = std::initializer_list<std::span<const CommandRow>>;

  explicit CommandFixture(Families families);
  ~CommandFixture();

  // The reply to a command line, quoted as inline requests are: RESP with a space for each line
  // break but the last.
  std::string run(std::string_view line);
  std::string run(std::initializer_list<std::string_view> args);

  // The bytes of the reply.
  std::string run_raw(const std::vector<std::string>& words, std::span<const BlobRef> blobs = {});

  // What a key of database 0 holds; nullptr for nothing.
  Entry* entry(std::string_view key);
  // Unix time in milliseconds; 0 where the key has no deadline. REQUIRES: the key exists.
  std::int64_t deadline_ms(std::string_view key);
  // Puts a value of another type than string under a key, for commands to refuse.
  void put_list(std::string_view key);

  void set_option(std::string_view name, std::string_view value);

  FakeClock clock;
  Config config;
  Databases databases;
  CommandTable table;
  Dispatcher dispatcher;

 protected:
  static std::string on_one_line(std::string_view reply);

  ChunkPool pool_;
  OutputBuffer out_;

 public:
  Session session;
};

// How often `part` is found in a reply, without overlaps.
int occurrences(std::string_view reply, std::string_view part);

}  // namespace tarn
