#include "bench/load/generator.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "bench/load/reply_counter.h"
#include "bench/load/request_batch.h"
#include "bench/load/socket.h"

namespace tarn::load {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr size_t kEventsATurn = 64;
/// The least that counts as an absence of the prober.
constexpr uint64_t kAbsenceNs = 1'000'000;

volatile std::sig_atomic_t g_stop = 0;

uint64_t now_ns() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot).count());
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Hands out the requests of a run, so that exactly `limit` are sent.
class Budget {
 public:
  explicit Budget(uint64_t limit) : left_(limit == 0 ? UINT64_MAX : limit) {}

  uint32_t take(uint32_t wanted) {
    const auto taken = static_cast<uint32_t>(std::min<uint64_t>(wanted, left_));
    left_ -= taken;
    return taken;
  }

 private:
  uint64_t left_;
};

/// One connection of the flood.
class Client {
 public:
  Client(const Options& options, std::shared_ptr<RequestTemplate> request)
      : socket_(options.host, options.port),
        batch_(std::move(request), options.pipeline),
        replies_(options.protocol),
        pipeline_(options.pipeline) {}

  Socket& socket() { return socket_; }
  const ReplyCounter& replies() const { return replies_; }
  bool idle() const { return waiting_ == 0; }
  bool wants_to_write() const { return !unsent_.empty(); }

  void start_batch(Budget& budget) {
    const uint32_t count = budget.take(pipeline_);
    waiting_ = count;
    unsent_ = batch_.next(count);
    write();
  }

  void write() {
    while (!unsent_.empty()) {
      const size_t sent = socket_.send(unsent_);
      if (sent == 0) break;
      unsent_.remove_prefix(sent);
    }
  }

  /// Takes what has arrived; returns how many replies that completed.
  uint64_t read() {
    const uint64_t ended = replies_.feed(socket_.receive());
    waiting_ -= std::min(ended, waiting_);
    return ended;
  }

 private:
  Socket socket_;
  RequestBatch batch_;
  ReplyCounter replies_;
  uint32_t pipeline_;
  std::string_view unsent_;
  uint64_t waiting_ = 0;
};

/// The open-loop prober. See run_load().
class Prober {
 public:
  explicit Prober(const Options& options)
      : socket_(options.host, options.port),
        replies_(options.protocol),
        ping_(options.protocol == Protocol::kResp ? "*1\r\n$4\r\nPING\r\n" : "version\r\n"),
        interval_ns_(kSecondNs / options.probe_hz) {
    socket_.note_arrivals();
  }

  Socket& socket() { return socket_; }
  const ReplyCounter& replies() const { return replies_; }
  uint64_t due_ns() const { return due_ns_; }
  bool waits_for_replies() const { return !unanswered_.empty(); }

  void start(uint64_t at_ns) { due_ns_ = at_ns + interval_ns_; }

  /// Sends every PING that is due, then notes the replies that have arrived.
  void serve(RunResult& result) {
    note_absence();
    for (uint64_t now = now_ns(); due_ns_ <= now; now = now_ns()) send_ping(now, result);
    if (waits_for_replies()) note_replies(result);
  }

  void note_replies(RunResult& result) {
    uint64_t arrived_ns = 0;
    const uint64_t ended = replies_.feed(socket_.receive_noting_arrival(arrived_ns));
    const uint64_t now = now_ns();
    for (uint64_t i = 0; i < ended && !unanswered_.empty(); ++i) {
      const Ping& ping = unanswered_.front();
      if (ping.away_ns > 0) ++result.probes_in_doubt;
      result.probe_ns.push_back(arrived_ns - std::min(ping.sent_ns + ping.away_ns, arrived_ns));
      result.probe_noted_ns.push_back(now - ping.due_ns);
      unanswered_.pop_front();
    }
  }

 private:
  struct Ping {
    uint64_t due_ns;       ///< of now_ns()
    uint64_t sent_ns;      ///< of wall_clock_ns(), as the system notes arrivals
    uint64_t away_ns = 0;  ///< for how long of it this process did not run
  };

  /// What was under way while this process did not run may have waited on its processor, not for
  /// the server: there the system delivers packets, and may have to wait for a turn as well.
  void note_absence() {
    const uint64_t now = now_ns();
    const uint64_t away_ns = now - std::exchange(looked_ns_, now);
    // It wakes for each PING that is due.
    if (away_ns < std::max(kAbsenceNs, 2 * interval_ns_)) return;
    for (Ping& ping : unanswered_) ping.away_ns += away_ns;
  }

  void send_ping(uint64_t now, RunResult& result) {
    unanswered_.push_back({.due_ns = due_ns_, .sent_ns = wall_clock_ns()});
    if (socket_.send(ping_) != ping_.size()) die("a PING did not fit into the socket's buffer");
    result.probe_lateness_ns.push_back(now - due_ns_);
    due_ns_ += interval_ns_;
  }

  Socket socket_;
  ReplyCounter replies_;
  std::string_view ping_;
  uint64_t interval_ns_;
  uint64_t due_ns_ = 0;
  uint64_t looked_ns_ = 0;  ///< when it was last served
  std::deque<Ping> unanswered_;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), budget_(options.requests), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) die("epoll_create1", true);
    if (!options.command.empty()) open_clients();
    if (options.probe_hz > 0) prober_.emplace(options);
    if (prober_) watch(prober_->socket(), nullptr, EPOLL_CTL_ADD, EPOLLIN);
  }
  ~Run() { ::close(epoll_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  RunResult measure() {
    const double cpu_before = cpu_seconds();
    const uint64_t begin_ns = now_ns();
    deadline_ns_ = options_.seconds > 0
                       ? begin_ns + static_cast<uint64_t>(options_.seconds * kSecondNs)
                       : UINT64_MAX;
    if (prober_) prober_->start(begin_ns);
    for (auto& client : clients_) start_batch(*client);
    while (!finished()) turn();
    result_.seconds = static_cast<double>(now_ns() - begin_ns) / kSecondNs;
    result_.load_cpu_seconds = cpu_seconds() - cpu_before;
    if (prober_) await_last_replies();
    gather_replies();
    return std::move(result_);
  }

 private:
  void open_clients() {
    const auto request = std::make_shared<RequestTemplate>(options_);
    for (uint32_t i = 0; i < options_.clients; ++i) {
      clients_.push_back(std::make_unique<Client>(options_, request));
      watch(clients_.back()->socket(), clients_.back().get(), EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  void watch(Socket& socket, Client* client, int operation, uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = client;
    if (::epoll_ctl(epoll_, operation, socket.fd(), &event) != 0) die("epoll_ctl", true);
  }

  bool finished() const {
    if (g_stop != 0 || now_ns() >= deadline_ns_) return true;
    return !clients_.empty() && busy_clients_ == 0;
  }

  void start_batch(Client& client) {
    client.start_batch(budget_);
    if (!client.idle()) ++busy_clients_;
    if (client.wants_to_write()) {
      watch(client.socket(), &client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
  }

  /// Waits for events until the next PING is due, and serves each.
  void turn() {
    std::array<epoll_event, kEventsATurn> events{};
    const timespec patience = time_to_wait();
    const int count = ::epoll_pwait2(epoll_, events.data(), kEventsATurn, &patience, nullptr);
    if (prober_) prober_->serve(result_);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.ptr == nullptr) continue;
      serve(*static_cast<Client*>(event.data.ptr), event.events);
      if (prober_) prober_->serve(result_);
    }
  }

  timespec time_to_wait() const {
    const uint64_t now = now_ns();
    const uint64_t wake =
        std::min({deadline_ns_, prober_ ? prober_->due_ns() : UINT64_MAX, now + kSecondNs / 10});
    const uint64_t wait_ns = wake > now ? wake - now : 0;
    return {0, static_cast<decltype(timespec::tv_nsec)>(wait_ns)};
  }

  void serve(Client& client, uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
      client.write();
      if (!client.wants_to_write()) watch(client.socket(), &client, EPOLL_CTL_MOD, EPOLLIN);
    }
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
    result_.requests += client.read();
    if (!client.idle()) return;
    --busy_clients_;
    start_batch(client);
  }

  /// A PING that was due before the end belongs to the result, however long it takes.
  void await_last_replies() {
    while (prober_->waits_for_replies()) {
      prober_->socket().wait_readable();
      prober_->note_replies(result_);
    }
  }

  void gather_replies() {
    const auto gather = [this](const ReplyCounter& replies) {
      if (result_.errors == 0) result_.first_error = replies.first_error();
      result_.errors += replies.errors();
      result_.misses += replies.misses();
    };
    for (const auto& client : clients_) gather(client->replies());
    if (prober_) gather(prober_->replies());
  }

  const Options& options_;
  Budget budget_;
  int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::optional<Prober> prober_;
  size_t busy_clients_ = 0;
  uint64_t deadline_ns_ = 0;
  RunResult result_;
};

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { g_stop = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace

RunResult run_load(const Options& options) {
  stop_on_signals();
  ::prctl(PR_SET_TIMERSLACK, 1);  // a PING is due to the microsecond, not within 50 of them
  Run run(options);
  std::puts("ready");
  std::fflush(stdout);
  return run.measure();
}

}  // namespace tarn::load
