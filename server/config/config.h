#pragma once

#include <functional>
#include <initializer_list>
#include <iostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "server/config/config_file.h"
#include "server/config/options.h"

namespace tarn {

struct Option;

// Whether the process leaves its terminal. A supervisor keeps an eye on the one that it started.
inline bool runs_in_background(const Options& options) {
  return options.daemonize && options.supervised == Supervision::kNo;
}

// The settings of one server: reads them from a configuration file and the command line, shows and
// changes them at run time, and writes changes back to the file.
//
// Error messages are those that Redis's clients know, without the leading error code: the CONFIG
// command puts "ERR " before them.
class Config {
 public:
  using Setting = std::pair<std::string_view, std::string_view>;  // name or alias, value

  // Makes a change take effect. On failure the whole SET is undone, and the message is the reason
  // that the client sees.
  using Hook = std::function<Result<>(const Options& before, const Options& after)>;

  // Who asks for a change, as far as it matters for what may be changed.
  struct Caller {
    bool local = false;    // connected over loopback or the unix socket
    bool loading = false;  // the dataset is being loaded
  };

  // All options at their defaults; `dir` is the working directory.
  Config();

  // Valid as long as the Config; the values change with set().
  const Options& options() const { return options_; }

  // Reads what the command line (program name left out) asks for, as command_line.h tells: first
  // the configuration file, then `input`, then the options; what comes later counts. Includes start
  // at the working directory. Calls no hooks. REQUIRES: called once
  //
  // The error is a few lines for standard error: file, line number, reason and the line.
  Result<> load(std::span<const std::string> arguments, std::istream& input = std::cin);

  // Why a directive that load() has read cannot be, for what only its feature can tell. `index`
  // counts the directives of an option whose directives add up. The error shows the place as those
  // of load() do. REQUIRES: the option can only be given at the start.
  Error fault_of(std::string_view name, std::size_t index, std::string_view reason) const;

  // Absolute path of the configuration file; empty without one.
  const std::string& config_file() const { return config_file_; }

  // Names, as the patterns or the table spell them, and values of the options that match any of the
  // patterns, each name once. Letter case does not matter. Patterns are those of glob_match; hidden
  // options answer to their exact name only.
  std::vector<std::pair<std::string, std::string>> get(
      std::span<const std::string_view> patterns) const;

  // Changes all the options or, on failure, none: values are read first, then the hooks of those
  // that changed are called, each once; when one fails, those called are called again the other
  // way round, in reverse order, and the old values are back.
  Result<> set(std::span<const Setting> settings, Caller caller);
  Result<> set(std::span<const Setting> settings) { return set(settings, Caller{}); }

  // Calls `hook` in every set() that changes at least one of the options, in order of registration.
  // REQUIRES: the names exist.
  void on_change(std::initializer_list<std::string_view> names, Hook hook);
  void on_change(std::string_view name, Hook hook) { on_change({name}, std::move(hook)); }

  // What a rewritten file names: the options that are not at their defaults, beside those that it
  // named before, or all that it can.
  enum class Extent { kChanged, kAll };

  // Makes the configuration file say what is in force now. Lines that already do are kept to the
  // byte, as are comments; lines that mean nothing become comments; see config_file.h. The file is
  // replaced in one step.
  Result<> rewrite(Extent extent = Extent::kChanged);

  // Options that were moved from their default although the feature is not there yet: each is
  // reported once, by the first call after it was set, so that the caller can log it.
  std::vector<std::string_view> ineffective_options();

  // Whether values of this option must not show up in logs, SLOWLOG or MONITOR.
  static bool is_sensitive(std::string_view name);

 private:
  struct Change {
    const Option* option;
    std::string_view name;  // as the caller spelled it
  };
  struct Registration {
    std::set<const Option*> options;
    Hook hook;
  };

  Result<const Option*> find_settable(std::string_view name, Caller caller) const;
  Result<> call_hooks(std::span<const Change> changes, const Options& before);

  Options defaults_;
  Options options_;
  std::string config_file_;
  std::vector<Directive> file_only_;  // as load() has read them
  std::vector<Registration> hooks_;
  std::set<std::string_view> reported_;  // by ineffective_options
};

}  // namespace tarn
