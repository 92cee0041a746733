#pragma once

#include <span>
#include <string_view>

namespace tarn {

// Who is told of the effects of commands, in the order in which they happened: the append-only
// file, a replication feed. Declared here, implemented by those features.
//
// What is told suffices to make the same dataset elsewhere: it depends on neither chance nor time
// (SPOP comes as SREM, EXPIRE as PEXPIREAT, an expired key as DEL), and a command that changed
// nothing is not told. Commands that take effect together, those of a transaction above all, stand
// between begin_unit() and end_unit().
class EffectSink {
 public:
  virtual ~EffectSink() = default;

  // Bytes are valid during the call.
  virtual void on_effect(unsigned db, std::span<const std::string_view> args) = 0;
  virtual void begin_unit() = 0;
  virtual void end_unit() = 0;
};

}  // namespace tarn
