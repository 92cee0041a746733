#include "server/app/daemonize.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace tarn {
namespace {

Error failed(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

// Leaves the calling process; its child goes on.
Result<> go_on_in_child() {
  const pid_t child = ::fork();
  if (child < 0) return failed("Cannot fork");
  if (child > 0) ::_exit(0);
  return {};
}

}  // namespace

// The second fork leaves the leadership of the session, so that no terminal can become its own.
Result<> daemonize() {
  if (const auto forked = go_on_in_child(); !forked) return forked;
  if (::setsid() < 0) return failed("Cannot start a session");
  if (const auto forked = go_on_in_child(); !forked) return forked;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return failed("Cannot open /dev/null");
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
  if (null > STDERR_FILENO) ::close(null);
  return {};
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<> PidFile::write(const std::string& path) {
  std::ofstream file(path);
  file << ::getpid() << '\n';
  file.close();
  if (!file) return failed("Cannot write the pid file " + path);
  std::error_code fault;
  path_ = std::filesystem::absolute(path, fault).string();
  return {};
}

}  // namespace tarn
