#include "persistence/snapshot/forked_job.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <utility>

#include "core/base/log.h"

namespace tarn {
namespace {

constexpr int kChildPipe = 3;  // behind the standard streams
// Adding up the copied pages takes the system a while for a large process: it is asked so often
// that this takes one part in so many of the child's time.
constexpr std::int64_t kReportMs = 500;
constexpr std::int64_t kReportShare = 100;

std::int64_t g_last_fork_us = 0;
std::uint64_t g_forks = 0;

// What goes through the pipe, in the machine's own byte order; `text_bytes` of text follow.
struct Message {
  enum Kind : std::uint32_t { kProgress, kSuccess, kFailure };

  Kind kind;
  std::uint32_t text_bytes;
  std::uint64_t done;
  std::uint64_t cow_bytes;
};

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}
std::int64_t now_ms() { return now_us() / 1000; }

// The pages that are this process's alone: in a child, those of which there are two by now.
std::uint64_t private_dirty_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  std::uint64_t kilobytes = 0;
  while (file >> word) {
    if (word == "Private_Dirty:") {
      file >> kilobytes;
      break;
    }
  }
  return kilobytes * 1024;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string encode(Message::Kind kind, std::uint64_t done, std::uint64_t cow_bytes,
                   std::string_view text = {}) {
  const Message message{kind, static_cast<std::uint32_t>(text.size()), done, cow_bytes};
  std::string bytes(reinterpret_cast<const char*>(&message), sizeof message);
  return bytes.append(text);
}

// Signals wait between the fork and the moment when the child has its own handlers: the parent's
// would write into what both share.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

// An interrupt from the terminal reaches the child too; what to do about it is the parent's affair.
void take_own_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) std::signal(signal, SIG_DFL);
  }
  for (const int ignored : {SIGINT, SIGHUP, SIGPIPE, SIGXFSZ}) std::signal(ignored, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

void close_inherited_files(int pipe) {
  if (pipe != kChildPipe) ::dup2(pipe, kChildPipe);
  ::close_range(kChildPipe + 1, ~0U, 0);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("the child was ended by signal {} ({})", WTERMSIG(status),
                       ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("the child ended with status {} and said nothing", WEXITSTATUS(status));
}

// Thrown further, it would unwind the parent's frames in the child: delete its files, release its
// locks.
Result<> result_of(const ForkedJob::Work& work, ForkedJob::Progress& progress) {
  try {
    return work(progress);
  } catch (const std::exception& thrown) {
    return Error{thrown.what()};
  }
}

}  // namespace

// --- The child's side

ForkedJob::Progress::Progress(int pipe) : pipe_(pipe), next_ms_(now_ms() + kReportMs) {}

void ForkedJob::Progress::report(std::uint64_t done) {
  done_ = done;
  if (now_ms() >= next_ms_) send();
}

// A report that the parent has no time for is left out.
void ForkedJob::Progress::send() {
  const std::int64_t begin = now_us();
  const std::string message = encode(Message::kProgress, done_, private_dirty_bytes());
  ::fcntl(pipe_, F_SETFL, O_NONBLOCK);
  [[maybe_unused]] const ssize_t written = ::write(pipe_, message.data(), message.size());
  ::fcntl(pipe_, F_SETFL, 0);
  const std::int64_t cost_ms = (now_us() - begin) / 1000;
  next_ms_ = now_ms() + std::max(kReportMs, cost_ms * kReportShare);
}

void ForkedJob::run_child(int pipe, pid_t parent, const Settings& settings,
                          const Work& work) noexcept {
  take_own_signals();
  close_inherited_files(pipe);
  log::silence();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::prctl(PR_SET_NAME, settings.title.c_str());
  if (settings.on_start) settings.on_start(settings.title);
  Progress progress(kChildPipe);
  const Result<> result = result_of(work, progress);
  const std::string text = result ? "" : result.error().message;
  const std::string message = encode(result ? Message::kSuccess : Message::kFailure, progress.done_,
                                     private_dirty_bytes(), text);
  ::_exit(write_all(kChildPipe, message) && result ? 0 : 1);
}

// --- The parent's side

ForkedJob::~ForkedJob() { kill(); }

Result<> ForkedJob::start(Settings settings, const Work& work) {
  TARN_ASSERT(!running());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{fmt::format("Can't make a pipe to a child: {}", std::strerror(errno))};
  }
  const pid_t parent = ::getpid();
  databases_.begin_sharing();
  const std::int64_t begin = now_us();
  {
    const BlockedSignals blocked;
    pid_ = ::fork();
    if (pid_ == 0) run_child(ends[1], parent, settings, work);
  }
  const int failure = errno;
  g_last_fork_us = now_us() - begin;
  ::close(ends[1]);
  if (pid_ < 0) {
    databases_.end_sharing();
    ::close(ends[0]);
    return Error{fmt::format("Can't fork: {}{}", std::strerror(failure),
                             failure == ENOMEM ? " (does vm.overcommit_memory permit it?)" : "")};
  }
  ++g_forks;
  pipe_ = ends[0];
  ::fcntl(pipe_, F_SETFL, O_NONBLOCK);
  settings_ = std::move(settings);
  received_.clear();
  result_.reset();
  killing_ = false;
  done_ = cow_bytes_ = cow_peak_bytes_ = 0;
  started_ms_ = cow_known_ms_ = now_ms();
  return {};
}

void ForkedJob::read_pipe() {
  char buffer[4096];
  ssize_t bytes;
  while ((bytes = ::read(pipe_, buffer, sizeof buffer)) > 0 || (bytes < 0 && errno == EINTR)) {
    if (bytes > 0) received_.append(buffer, static_cast<std::size_t>(bytes));
  }
  take_messages();
}

void ForkedJob::take_messages() {
  Message message;
  while (received_.size() >= sizeof message) {
    std::memcpy(&message, received_.data(), sizeof message);
    if (received_.size() < sizeof message + message.text_bytes) return;
    done_ = message.done;
    cow_bytes_ = message.cow_bytes;
    cow_peak_bytes_ = std::max(cow_peak_bytes_, cow_bytes_);
    cow_known_ms_ = now_ms();
    if (message.kind == Message::kSuccess) result_ = Result<>();
    if (message.kind == Message::kFailure) {
      result_ = Error{received_.substr(sizeof message, message.text_bytes)};
    }
    received_.erase(0, sizeof message + message.text_bytes);
  }
}

std::optional<ForkedJob::Outcome> ForkedJob::poll() {
  if (!running()) return std::nullopt;
  read_pipe();
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  return reap(status);
}

ForkedJob::Outcome ForkedJob::wait() {
  TARN_ASSERT(running());
  for (;;) {
    pollfd until{pipe_, POLLIN, 0};
    ::poll(&until, 1, -1);
    read_pipe();
    // The child has the only other end.
    if ((until.revents & POLLHUP) != 0) break;
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return reap(status);
}

ForkedJob::Outcome ForkedJob::reap(int status) {
  read_pipe();
  ::close(std::exchange(pipe_, -1));
  pid_ = -1;
  databases_.end_sharing();
  const bool clean = WIFEXITED(status) && result_.has_value();
  const bool told_to_end = WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1;
  Outcome outcome{clean ? *result_ : Result<>(Error{describe_end(status)}), killing_ || told_to_end,
                  cow_bytes_, now_ms() - started_ms_};
  if (!outcome.result) remove_scratch_file();
  return outcome;
}

void ForkedJob::kill() {
  if (!running()) return;
  abandon();
  static_cast<void>(wait());
}

void ForkedJob::abandon() {
  if (!running()) return;
  killing_ = true;
  ::kill(pid_, SIGKILL);
  remove_scratch_file();
}

void ForkedJob::remove_scratch_file() {
  if (!settings_.scratch_file.empty()) ::unlink(settings_.scratch_file.c_str());
}

std::int64_t ForkedJob::last_fork_us() { return g_last_fork_us; }
std::uint64_t ForkedJob::forks() { return g_forks; }

}  // namespace tarn
