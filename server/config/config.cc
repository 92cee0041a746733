#include "server/config/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "core/base/glob.h"
#include "server/config/command_line.h"
#include "server/config/config_file.h"
#include "server/config/option_table.h"
#include "server/config/words.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;
using Directives = std::vector<Directive>;

constexpr std::string_view kFatalHeader = "*** FATAL CONFIG FILE ERROR ***\n";
constexpr const char* kDaemonPidFile = "/var/run/tarn.pid";

Error directive_fault(const Option& option, Directive directive, const Error& reason) {
  if (option.has(kSensitive)) directive.text = directive.words[0] + " (value not shown)";
  return directive_error(directive, reason.message);
}

bool is_directive_name(std::string_view name) {
  return name == "include" || find_option(name) != nullptr;
}

// What an option is that nobody has given, where that depends on others.
void derive_defaults(Options& options) {
  if (options.pidfile.empty() && runs_in_background(options)) options.pidfile = kDaemonPidFile;
}

// Applies directives one by one. The first of an option whose directives add up replaces what
// `options` held before.
class DirectiveReader {
 public:
  explicit DirectiveReader(Options& options) : options_(options) {}

  Result<> read(const Directive& directive) {
    const Option* option = find_option(directive.words[0]);
    if (option == nullptr) {
      return directive_error(directive, "Bad directive or wrong number of arguments");
    }
    if (option->type.reset && seen_.insert(option).second) option->type.reset(options_);
    Result<> result = read_option(*option, std::span(directive.words).subspan(1), options_);
    if (!result) return directive_fault(*option, directive, result.error());
    return {};
  }

 private:
  Options& options_;
  std::set<const Option*> seen_;
};

Result<Directives> read_directives(std::string_view text, std::string_view origin,
                                   const fs::path& directory,
                                   Unreadable unreadable = Unreadable::kIsFault) {
  Result<Directives> directives = parse_config(text, origin, unreadable);
  if (!directives) return directives;
  return expand_includes(std::move(*directives), directory, unreadable);
}

// All directives of a start, in the order in which they count.
Result<Directives> collect_directives(CommandLine command_line, const std::string& config_file,
                                      std::istream& input, const fs::path& directory) {
  Directives all;
  if (!config_file.empty()) {
    Result<std::string> text = read_text(config_file);
    if (!text) return text.error();
    Result<Directives> directives = read_directives(*text, config_file, directory);
    if (!directives) return directives;
    all = std::move(*directives);
  }
  if (command_line.reads_stdin) {
    const std::string text(std::istreambuf_iterator<char>(input), {});
    Result<Directives> directives = read_directives(text, kStandardInput, directory);
    if (!directives) return directives;
    std::ranges::move(*directives, std::back_inserter(all));
  }
  Result<Directives> options = expand_includes(std::move(command_line.options), directory);
  if (!options) return options;
  std::ranges::move(*options, std::back_inserter(all));
  return all;
}

Error set_failed(std::string_view name, std::string_view reason) {
  return Error{
      fmt::format("CONFIG SET failed (possibly related to argument '{}') - {}", name, reason)};
}

bool permits(Permission permission, bool is_local) {
  return permission == Permission::kYes || (permission == Permission::kLocal && is_local);
}

// The rewrites that make a file with these directives say what `options` hold. Values that cannot
// be read give way to those in force, as any others do.
std::vector<Rewrite> plan_rewrites(const Directives& directives, std::string_view file,
                                   const Options& defaults, const Options& options,
                                   Config::Extent extent) {
  Options in_file = defaults;
  DirectiveReader reader(in_file);
  std::set<const Option*> named;
  std::set<const Option*> included;
  std::set<const Option*> unreadable;
  for (const Directive& directive : directives) {
    const Option* option = find_option(directive.words[0]);
    const bool is_read = reader.read(directive).ok();
    named.insert(option);
    if (directive.origin != file) {
      included.insert(option);
    } else if (!is_read) {
      unreadable.insert(option);
    }
  }
  derive_defaults(in_file);

  std::vector<Rewrite> rewrites;
  for (const Option& option : option_table()) {
    const bool is_right = same_value(option, in_file, options) && !unreadable.contains(&option);
    const bool may_lack = extent == Config::Extent::kChanged || named.contains(&option);
    if (option.has(kFileOnly) || (is_right && may_lack)) continue;
    Rewrite rewrite{option.name, option.alias, option_lines(option, options),
                    included.contains(&option)};
    // Lines that add up must not add to the included ones.
    if (rewrite.at_end && option.type.reset) rewrite.lines.insert(rewrite.lines.begin(), {""});
    rewrites.push_back(std::move(rewrite));
  }
  return rewrites;
}

}  // namespace

Config::Config() {
  std::error_code fault;
  defaults_.dir = fs::current_path(fault).string();
  options_ = defaults_;
}

Result<> Config::load(std::span<const std::string> arguments, std::istream& input) {
  const fs::path directory = defaults_.dir;
  const auto fatal = [](const Error& error) {
    return Error{std::string(kFatalHeader) + error.message};
  };
  Result<CommandLine> command_line = parse_command_line(arguments);
  if (!command_line) return fatal(command_line.error());
  if (!command_line->config_file.empty()) {
    config_file_ = (directory / command_line->config_file).lexically_normal().string();
  }
  Result<Directives> directives =
      collect_directives(std::move(*command_line), config_file_, input, directory);
  if (!directives) return fatal(directives.error());
  DirectiveReader reader(options_);
  for (const Directive& directive : *directives) {
    if (Result<> result = reader.read(directive); !result) return fatal(result.error());
  }
  derive_defaults(options_);
  std::ranges::copy_if(*directives, std::back_inserter(file_only_), [](const Directive& directive) {
    return find_option(directive.words[0])->has(kFileOnly);
  });
  return {};
}

Error Config::fault_of(std::string_view name, std::size_t index, std::string_view reason) const {
  const auto directive = std::ranges::find_if(file_only_, [&](const Directive& candidate) {
    return candidate.words[0] == name && index-- == 0;
  });
  TARN_ASSERT(directive != file_only_.end());
  return directive_fault(*find_option(name), *directive, Error{std::string(reason)});
}

std::vector<std::pair<std::string, std::string>> Config::get(
    std::span<const std::string_view> patterns) const {
  std::vector<std::pair<std::string, std::string>> found;
  std::set<std::string> names;
  const auto add = [&](const Option& option, std::string_view name) {
    if (!names.insert(lower_case(name)).second) return;
    found.emplace_back(name, option.type.print(options_));
  };
  for (std::string_view pattern : patterns) {
    if (is_literal_pattern(pattern)) {
      const Option* option = find_option(pattern);
      if (option != nullptr && !option->has(kFileOnly)) add(*option, pattern);
      continue;
    }
    for (const Option& option : option_table()) {
      if (option.has(kHidden) || option.has(kFileOnly)) continue;
      for (std::string_view name : {option.name, option.alias}) {
        if (!name.empty() && glob_match(pattern, name, true)) add(option, name);
      }
    }
  }
  return found;
}

Result<const Option*> Config::find_settable(std::string_view name, Caller caller) const {
  const Option* option = find_option(name);
  if (option == nullptr || option->has(kFileOnly)) {
    return Error{fmt::format("Unknown option or number of arguments for CONFIG SET - '{}'", name)};
  }
  if (option->has(kImmutable)) return set_failed(name, "can't set immutable config");
  if (option->has(kProtected) && !permits(options_.enable_protected_configs, caller.local)) {
    return set_failed(name, "can't set protected config");
  }
  if (option->has(kDenyLoading) && caller.loading) {
    return set_failed(name, "can't be changed while the dataset is being loaded");
  }
  return option;
}

Result<> Config::set(std::span<const Setting> settings, Caller caller) {
  std::vector<Change> changes;
  for (const auto& [name, value] : settings) {
    Result<const Option*> option = find_settable(name, caller);
    if (!option) return option.error();
    // An option under both its names is set twice, and the last counts.
    const auto is_same = [&name = name](const Change& change) {
      return same_word(change.name, name);
    };
    if (std::ranges::any_of(changes, is_same)) return set_failed(name, "duplicate parameter");
    changes.push_back({*option, name});
  }

  Options after = options_;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const OptionType& type = changes[i].option->type;
    if (type.reset) type.reset(after);
    const std::string value(settings[i].second);
    Result<> result = read_option(*changes[i].option, std::span(&value, 1), after);
    if (!result) return set_failed(lower_case(changes[i].name), result.error().message);
  }

  std::swap(options_, after);
  const Options& before = after;
  std::erase_if(changes,
                [&](const Change& change) { return same_value(*change.option, before, options_); });
  return call_hooks(changes, before);
}

Result<> Config::call_hooks(std::span<const Change> changes, const Options& before) {
  std::vector<const Registration*> called;
  for (const Registration& registration : hooks_) {
    const auto change = std::ranges::find_if(changes, [&](const Change& candidate) {
      return registration.options.contains(candidate.option);
    });
    if (change == changes.end()) continue;
    called.push_back(&registration);
    Result<> result = registration.hook(before, options_);
    if (result) continue;

    const Options failed = std::exchange(options_, before);
    for (auto undone = called.rbegin(); undone != called.rend(); ++undone) {
      // What it was before worked; if it does not any more, there is nothing better to go back to.
      static_cast<void>((*undone)->hook(failed, options_));
    }
    return set_failed(lower_case(change->name), result.error().message);
  }
  return {};
}

void Config::on_change(std::initializer_list<std::string_view> names, Hook hook) {
  Registration registration{{}, std::move(hook)};
  for (std::string_view name : names) {
    const Option* option = find_option(name);
    TARN_ASSERT(option != nullptr);
    registration.options.insert(option);
  }
  hooks_.push_back(std::move(registration));
}

Result<> Config::rewrite(Extent extent) {
  if (config_file_.empty()) return Error{"The server is running without a config file"};
  const auto failed = [](const Error& error) {
    const std::string first_line = error.message.substr(0, error.message.find('\n'));
    return Error{"Rewriting config file: " + first_line};
  };
  std::string text;
  if (std::error_code fault; fs::exists(config_file_, fault)) {
    Result<std::string> old_text = read_text(config_file_);
    if (!old_text) return failed(old_text.error());
    text = std::move(*old_text);
  }
  const std::string readable = comment_out_unreadable(text, is_directive_name);
  Result<Directives> directives =
      read_directives(readable, config_file_, defaults_.dir, Unreadable::kIsSkipped);
  if (!directives) return failed(directives.error());
  const std::vector<Rewrite> rewrites =
      plan_rewrites(*directives, config_file_, defaults_, options_, extent);
  if (rewrites.empty() && readable == text) return {};
  if (Result<> result = replace_text(config_file_, rewrite_config(readable, rewrites)); !result) {
    return failed(result.error());
  }
  return {};
}

std::vector<std::string_view> Config::ineffective_options() {
  std::vector<std::string_view> names;
  for (const Option& option : option_table()) {
    if (!option.has(kNoEffect) || same_value(option, defaults_, options_)) continue;
    if (reported_.insert(option.name).second) names.push_back(option.name);
  }
  return names;
}

bool Config::is_sensitive(std::string_view name) {
  const Option* option = find_option(name);
  return option != nullptr && option->has(kSensitive);
}

}  // namespace tarn
