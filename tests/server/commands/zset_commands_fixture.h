#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "server/commands/families.h"
#include "server/engine/notifications.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {

// A server with the commands of sorted sets, which notes the events that handlers emit.
class ZsetServer : public CommandFixture, private Notifications::Sink {
 public:
  static constexpr std::string_view kWrongType =
      "-WRONGTYPE Operation against a key holding the wrong kind of value";
  static constexpr std::string_view kSyntax = "-ERR syntax error";
  static constexpr std::string_view kNotFloat = "-ERR value is not a valid float";
  static constexpr std::string_view kNotInteger = "-ERR value is not an integer or out of range";

  ZsetServer()
      : CommandFixture({zset_commands(), zset_range_commands(), zset_between_commands(),
                        zset_pop_commands(), zset_algebra_commands(), zset_walk_commands(),
                        set_commands(), string_set_commands(), key_commands(),
                        key_expiry_commands()}) {
    dispatcher.notifications().set_enabled(kNotifyAll);
    dispatcher.notifications().set_sink(this);
    run("SET string value");
    events();
  }

  // The events since the last call: "zadd z, del z".
  std::string events() { return std::exchange(events_, {}); }
  std::string all(const std::string& key) { return run("ZRANGE " + key + " 0 -1 WITHSCORES"); }
  bool packed(std::string_view key) {
    return entry(key)->collection_encoding() == CollectionEncoding::kPacked;
  }
  // What is made from now on is large from its first member on, or packed.
  void make_large() { set_option("zset-max-listpack-entries", "0"); }
  void make_packed() { set_option("zset-max-listpack-entries", "128"); }

 private:
  void on_event(std::string_view event, unsigned, std::string_view key) override {
    events_ += (events_.empty() ? "" : ", ") + std::string(event) + " " + std::string(key);
  }

  std::string events_;
};

}  // namespace tarn
