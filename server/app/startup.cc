#include "server/app/startup.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/log.h"
#include "core/base/processors.h"
#include "server/app/daemonize.h"
#include "server/app/logging.h"
#include "server/app/process_limits.h"
#include "tarn_version.h"

namespace tarn {
namespace {

constexpr std::string_view kHelp =
    "Usage: tarn-server [configuration file] [options] [-]\n"
    "       tarn-server -v or --version\n"
    "       tarn-server -h or --help\n"
    "\n"
    "Options are those of the configuration file, with two dashes before the name; they count\n"
    "more than the file. A lone dash reads further configuration from standard input.\n"
    "\n"
    "Examples:\n"
    "       tarn-server                          the defaults, on port 6379\n"
    "       tarn-server /etc/tarn/tarn.conf\n"
    "       tarn-server --port 7777 --maxmemory 1gb\n"
    "       tarn-server tarn.conf --loglevel verbose\n"
    "       echo 'maxmemory 128mb' | tarn-server -\n";

std::string version() {
  return fmt::format("Tarn server v={} sha={}:{} bits={} build={}\n", TARN_VERSION, kGitCommit,
                     kGitDirty ? 1 : 0, sizeof(void*) * 8, kBuildId);
}

Result<> enter_directory(const std::string& directory) {
  if (::chdir(directory.c_str()) == 0) return {};
  return Error{fmt::format("Can't chdir to '{}': {}", directory, std::strerror(errno))};
}

void fit_clients(Config& config) {
  const std::uint32_t wanted = config.options().maxclients;
  const std::uint32_t fit = make_room_for_clients(wanted);
  if (fit >= wanted) return;
  log::warn(
      "The limit of open files leaves room for {} clients, not for {}: maxclients is lowered. "
      "Raise "
      "the limit (ulimit -n, LimitNOFILE) for more.",
      fit, wanted);
  const std::string value = std::to_string(fit);
  const Config::Setting setting("maxclients", value);
  static_cast<void>(config.set(std::span(&setting, 1)));
}

}  // namespace

std::optional<std::string> answer_command_line(std::span<const std::string> arguments) {
  if (arguments.size() != 1) return std::nullopt;
  if (arguments[0] == "-v" || arguments[0] == "--version") return version();
  if (arguments[0] == "-h" || arguments[0] == "--help") return std::string(kHelp);
  return std::nullopt;
}

Result<> start_process(Config& config, DataFiles files) {
  const Options& options = config.options();
  if (files == DataFiles::kInDirectory) {
    if (const auto entered = enter_directory(options.dir); !entered) return entered;
  }
  if (const auto logging = set_up_logging(options); !logging) return logging;
  if (runs_in_background(options)) {
    if (const auto daemon = daemonize(); !daemon) return daemon;
  }
  log::info("Tarn {} starting, PID: {}", TARN_VERSION, ::getpid());
  if (config.config_file().empty()) {
    log::info("No configuration file: every option has its default, but for those given");
  }
  fit_clients(config);
  if (options.disable_thp) disable_huge_pages();
  if (const auto bound = bind_helpers_to_processors(options.bio_cpulist); !bound) {
    log::warn("{}", bound.error().message);
  }
  return {};
}

}  // namespace tarn
