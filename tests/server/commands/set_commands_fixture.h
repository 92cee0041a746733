#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/engine/notifications.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {

// A server with the commands of sets, which notes the events that handlers emit.
class SetServer : public CommandFixture, private Notifications::Sink {
 public:
  SetServer()
      : CommandFixture({set_commands(), set_random_commands(), set_algebra_commands(),
                        set_scan_commands(), string_commands(), string_set_commands(),
                        key_commands(), key_expiry_commands()}) {
    dispatcher.notifications().set_enabled(kNotifyAll);
    dispatcher.notifications().set_sink(this);
  }

  // The events since the last call: "sadd s, del s".
  std::string events() { return std::exchange(events_, {}); }

  // The elements of a reply that is a list of bulk strings without spaces, sorted: "a b c".
  std::string sorted(std::string_view line) {
    std::istringstream reply(run(line));
    std::vector<std::string> words;
    for (std::string word; reply >> word;) {
      if (word[0] != '$' && word[0] != '*' && word[0] != '~') words.push_back(word);
    }
    std::sort(words.begin(), words.end());
    std::string joined;
    for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
    return joined;
  }

  CollectionEncoding encoding(std::string_view key) { return entry(key)->collection_encoding(); }

  // SADD of "<prefix><first>" and so on.
  void fill(const std::string& key, const std::string& prefix, int first, int count) {
    std::string line = "SADD " + key;
    for (int i = first; i < first + count; ++i) line += " " + prefix + std::to_string(i);
    run(line);
  }

 private:
  void on_event(std::string_view event, unsigned, std::string_view key) override {
    events_ += (events_.empty() ? "" : ", ") + std::string(event) + " " + std::string(key);
  }

  std::string events_;
};

}  // namespace tarn
