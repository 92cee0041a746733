// The server, started as memcached is.

#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "server/app/daemonize.h"
#include "server/app/memcached_start.h"
#include "server/app/process_limits.h"
#include "server/app/run.h"
#include "server/config/config.h"

namespace {

using tarn::Error;
using tarn::Result;

Error failed(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

// As memcached, which does not serve as root by accident.
Result<> leave_root(const std::string& user) {
  if (::getuid() != 0 && ::geteuid() != 0) return {};
  if (user.empty()) return Error{"-u is missing: who is to serve when root starts the server?"};
  errno = 0;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr && errno == 0) return Error{"-u: there is no user " + user};
  if (entry == nullptr) return failed("-u: cannot look up " + user);
  if (::initgroups(user.c_str(), entry->pw_gid) != 0 || ::setgid(entry->pw_gid) != 0 ||
      ::setuid(entry->pw_uid) != 0) {
    return failed("-u: cannot become " + user);
  }
  return {};
}

Result<> maximize_core_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return failed("-r");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_CORE, &limit) != 0) return failed("-r");
  return {};
}

Result<> prepare_process(const tarn::MemcachedStart& start, const tarn::Options& options) {
  if (start.needs_password && options.requirepass.empty()) {
    return Error{
        "-S: there is no password: name a file by -Y that has the line default:PASSWORD, or a "
        "configuration file with requirepass behind --"};
  }
  // Root may lift limits that others may not.
  tarn::make_room_for_clients(options.maxclients);
  if (start.maximizes_core) {
    if (const auto lifted = maximize_core_files(); !lifted) return lifted;
  }
  if (const auto left = leave_root(start.user); !left) return left;
  if (start.daemonize) {
    if (const auto daemon = tarn::daemonize(); !daemon) return daemon;
  }
  // Locks do not outlive a fork.
  if (start.locks_memory && ::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    std::fprintf(stderr, "%s\n", failed("-k: memory is not locked").message.c_str());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto start = tarn::translate_memcached_options(arguments);
  if (!start) return tarn::exit_with(start.error());
  if (!start->answer.empty()) {
    std::fputs(start->answer.c_str(), stdout);
    return 0;
  }
  for (const std::string& note : start->notes) std::fprintf(stderr, "%s\n", note.c_str());
  tarn::Config config;
  if (const auto loaded = config.load(start->arguments); !loaded) {
    return tarn::exit_with(loaded.error());
  }
  if (const auto ready = prepare_process(*start, config.options()); !ready) {
    return tarn::exit_with(ready.error());
  }
  const bool no_files = tarn::needs_no_files(config.options());
  const auto files = no_files ? tarn::DataFiles::kNone : tarn::DataFiles::kInDirectory;
  return tarn::run_server(config, files, argc, argv);
}
