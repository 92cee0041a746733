#pragma once

#include <fmt/core.h>

#include <string_view>

#include "server/engine/call.h"

namespace tarn::memcached {

// Takes statistics one by one, in the form of a protocol.
class StatSink {
 public:
  virtual ~StatSink() = default;

  template <class Value>
  void stat(std::string_view name, const Value& value) {
    write(name, fmt::format("{}", value));
  }

 private:
  virtual void write(std::string_view name, std::string_view value) = 0;
};

// Has all counters begin anew, those of `stats` only: INFO goes on.
void reset_stats(Call& call);

// What there is to say on the topic of a `stats` command, under memcached's names; the empty topic
// is the server as a whole. Returns false for topics that are not known. `reset` is none.
bool report_stats(Call& call, std::string_view topic, StatSink& out);

}  // namespace tarn::memcached
