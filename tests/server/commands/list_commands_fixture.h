#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/types/list.h"
#include "server/commands/families.h"
#include "server/engine/notifications.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {

// A server with the commands of lists, which notes the events that handlers emit. The key `string`
// holds one.
class ListServer : public CommandFixture, private Notifications::Sink {
 public:
  static constexpr std::string_view kWrongType =
      "-WRONGTYPE Operation against a key holding the wrong kind of value";
  static constexpr std::string_view kNotInteger = "-ERR value is not an integer or out of range";
  static constexpr std::string_view kSyntax = "-ERR syntax error";

  ListServer()
      : CommandFixture({list_commands(), list_edit_commands(), list_move_commands(),
                        list_blocking_commands(), string_set_commands(), key_commands()}) {
    dispatcher.notifications().set_enabled(kNotifyAll);
    dispatcher.notifications().set_sink(this);
    run("SET string value");
    events_.clear();
  }

  // All elements of a list: "*3 $1 a $1 b $1 c".
  std::string all(std::string_view key) { return run("LRANGE " + std::string(key) + " 0 -1"); }

  // Makes a list of the numbers from 0 on, so many of them.
  void fill(std::string_view key, int count) {
    std::string line = "RPUSH " + std::string(key);
    for (int i = 0; i < count; ++i) line += " " + std::to_string(i);
    run(line);
    events_.clear();
  }
  CollectionEncoding encoding(std::string_view key) { return entry(key)->collection_encoding(); }

  // The events since the last call: "rpush m, lpop l, del l".
  std::string events() { return std::exchange(events_, {}); }

 private:
  void on_event(std::string_view event, unsigned, std::string_view key) override {
    if (!events_.empty()) events_ += ", ";
    events_.append(event).append(" ").append(key);
  }

  std::string events_;
};

}  // namespace tarn
