#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/quoting.h"
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

  explicit CommandFixture(Families families)
      : databases(clock, 16), dispatcher(table, databases, clock), out_(pool_), session(1, out_) {
    for (const auto rows : families) table.add(rows, std::as_const(config));
  }

  // The reply to a command line, quoted as inline requests are: RESP with a space for each line
  // break but the last.
  std::string run(std::string_view line) {
    const auto words = split_quoted(line);
    TARN_ASSERT(words.has_value());
    return on_one_line(run_raw({words->begin(), words->end()}));
  }
  std::string run(std::initializer_list<std::string_view> args) {
    return on_one_line(run_raw(std::vector<std::string>(args.begin(), args.end())));
  }

  // The bytes of the reply.
  std::string run_raw(const std::vector<std::string>& words, std::span<const BlobRef> blobs = {}) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    dispatcher.execute(session, {.command = table.find(args[0]), .args = args, .blobs = blobs});
    return take_output();
  }

  // What a key of database 0 holds; nullptr for nothing.
  Entry* entry(std::string_view key) { return databases[0].peek(Key(key)); }
  // Unix time in milliseconds; 0 where the key has no deadline. REQUIRES: the key exists.
  std::int64_t deadline_ms(std::string_view key) {
    return entry(key)->has_deadline() ? entry(key)->deadline_ms() : 0;
  }
  // Puts a value of another type than string under a key, for commands to refuse.
  void put_list(std::string_view key) {
    databases[0].set_string(Key(key), "items", Ttl::none());
    entry(key)->set_type(Type::kList, StringEncoding::kEmbedded);
  }

  void set_option(std::string_view name, std::string_view value) {
    const Config::Setting setting(name, value);
    TARN_ASSERT(config.set(std::span(&setting, 1)).ok());
  }

  FakeClock clock;
  Config config;
  Databases databases;
  CommandTable table;
  Dispatcher dispatcher;

 protected:
  std::string take_output() {
    std::string bytes;
    std::array<iovec, 16> pieces;
    while (!out_.empty()) {
      std::size_t taken = 0;
      for (const iovec& piece : std::span(pieces).first(out_.gather(pieces))) {
        bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        taken += piece.iov_len;
      }
      out_.consume(taken);
    }
    return bytes;
  }

  static std::string on_one_line(std::string_view reply) {
    std::string line;
    for (std::size_t at = 0; at < reply.size();) {
      const std::size_t end = std::min(reply.find("\r\n", at), reply.size());
      if (at > 0) line += ' ';
      line += reply.substr(at, end - at);
      at = end + 2;
    }
    return line;
  }

  ChunkPool pool_;
  OutputBuffer out_;

 public:
  Session session;
};

// How often `part` is found in a reply, without overlaps.
inline int occurrences(std::string_view reply, std::string_view part) {
  int found = 0;
  for (std::size_t at = reply.find(part); at != reply.npos; at = reply.find(part, at)) {
    ++found;
    at += part.size();
  }
  return found;
}

}  // namespace tarn
