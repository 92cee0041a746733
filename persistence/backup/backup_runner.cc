#include "persistence/backup/backup_runner.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/log.h"

extern char** environ;

namespace tarn {
namespace {

constexpr std::int64_t kFirstDelayMs = 1000;
constexpr std::size_t kKeptOutputBytes = 512;

// The output of a command as one line that can be shown anywhere: at most as long, words and signs
// in ASCII as they are, what is between them a space.
std::string on_one_line(std::string_view output) {
  std::string line;
  bool between = false;
  for (const char c : output) {
    if (c > ' ' && c <= '~') {
      if (std::exchange(between, false) && !line.empty()) line += ' ';
      line += c;
    } else {
      between = true;
    }
  }
  return line;
}

std::string exit_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("ended by signal {}", WTERMSIG(wait_status));
  return fmt::format("exit status {}", WEXITSTATUS(wait_status));
}

// Runs a shell line in a process group of its own, its output in `output_fd`, all else closed or
// /dev/null. Returns the process, or 0 with errno set.
pid_t spawn_shell(const std::string& line, int output_fd) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output_fd, STDERR_FILENO);
  // Sockets and logs must not live on in a command that outlives the server.
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGPIPE, SIGHUP, SIGXFSZ, SIGINT, SIGTERM}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  std::string shell = "sh";
  std::string option = "-c";
  std::string command = line;
  char* arguments[] = {shell.data(), option.data(), command.data(), nullptr};
  pid_t child = 0;
  const int fault = posix_spawn(&child, "/bin/sh", &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  errno = fault;
  return fault == 0 ? child : 0;
}

}  // namespace

BackupRunner::~BackupRunner() {
  if (output_fd_ >= 0) ::close(output_fd_);
}

std::string BackupRunner::expand(std::string_view command, std::string_view path,
                                 std::string_view name) {
  std::string line;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char next = command[i] == '%' && i + 1 < command.size() ? command[i + 1] : '\0';
    if (next != 'p' && next != 'f' && next != '%') {
      line += command[i];
      continue;
    }
    if (next == '%') {
      line += '%';
    } else {
      line += next == 'p' ? path : name;
    }
    ++i;
  }
  return line;
}

void BackupRunner::set_command(std::string command) {
  command_ = std::move(command);
  next_try_ms_ = delay_ms_ = 0;
}

void BackupRunner::tick() {
  queue_.tick(clock_.monotonic_ms());
  if (running()) look();
  if (running() || !enabled() || queue_.empty()) return;
  if (clock_.monotonic_ms() >= next_try_ms_ && !predecessor_runs()) start();
}

bool BackupRunner::predecessor_runs() {
  if (looked_for_predecessor_ && !predecessor_) return false;
  predecessor_ = mark_.find();
  if (!std::exchange(looked_for_predecessor_, true) && predecessor_) {
    log::info("backup-command of an earlier server still runs, as process {}: it comes first",
              *predecessor_);
  }
  return predecessor_.has_value();
}

void BackupRunner::start() {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) return failed(std::strerror(errno));
  // The command's end blocks, as programs expect of their output.
  ::fcntl(pipe_fds[1], F_SETFL, 0);
  output_.clear();
  const std::string line = expand(command_, queue_.front_path(), queue_.front().name);
  child_ = spawn_shell(line, pipe_fds[1]);
  const int fault = errno;
  ::close(pipe_fds[1]);
  output_fd_ = pipe_fds[0];
  if (child_ == 0) return failed(std::strerror(fault));
  mark_.set(child_);
}

void BackupRunner::look() {
  read_output();
  int wait_status = 0;
  const pid_t waited = ::waitpid(child_, &wait_status, WNOHANG);
  if (waited == 0 || (waited < 0 && errno == EINTR)) return;
  child_ = 0;
  mark_.clear();
  read_output();
  if (waited < 0) return failed(std::strerror(errno));
  ended(wait_status);
}

void BackupRunner::read_output() {
  char bytes[4096];
  for (;;) {
    const ssize_t count = ::read(output_fd_, bytes, sizeof bytes);
    if (count <= 0) return;
    output_.append(bytes, static_cast<std::size_t>(count));
    if (output_.size() > kKeptOutputBytes) output_.erase(0, output_.size() - kKeptOutputBytes);
  }
}

void BackupRunner::ended(int wait_status) {
  if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
    return failed(exit_text(wait_status));
  }
  ::close(output_fd_);
  output_fd_ = -1;
  const std::string name = queue_.front().name;
  queue_.pop();
  if (!status_.last_run_ok) log::info("backup-command works again: {} is safe", name);
  ++status_.done;
  status_.last_run_ok = true;
  status_.last_done = name;
  status_.last_done_s = clock_.now_ms() / 1000;
  next_try_ms_ = delay_ms_ = 0;
}

void BackupRunner::failed(const std::string& why) {
  if (output_fd_ >= 0) ::close(output_fd_);
  output_fd_ = -1;
  ++status_.failed;
  status_.last_run_ok = false;
  status_.last_failure = fmt::format("{}: {}", queue_.front().name, why);
  if (const std::string said = on_one_line(output_); !said.empty()) {
    status_.last_failure += ": " + said;
  }
  status_.last_failure_s = clock_.now_ms() / 1000;
  delay_ms_ = std::clamp(delay_ms_ * 2, kFirstDelayMs, kMaxDelayMs);
  next_try_ms_ = clock_.monotonic_ms() + delay_ms_;
  log::warn("backup-command failed for {}. It will be tried again in {} s; waiting files: {}",
            status_.last_failure, delay_ms_ / 1000, queue_.size());
}

}  // namespace tarn
