// INFO: the server, its clients, and what belongs to features of their own.

#include "server/metrics/info_sections.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "server/engine/redis_version.h"
#include "server/net/transport.h"
#include "server/pubsub/tracking.h"
#include "tarn_version.h"

namespace tarn {
namespace {

constexpr std::uint32_t kRecencyMask = 0xffffff;  // the seconds that fit into a key's access bits

std::string joined(std::string_view prefix, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(",").append(prefix).append(word);
  return text;
}

void listeners(InfoWriter& out, const Options& options) {
  unsigned number = 0;
  if (options.port != 0) {
    out.format(fmt::format("listener{}", number++), "name=tcp{},port={}",
               joined("bind=", options.bind), options.port);
  }
  if (!options.unixsocket.empty()) {
    out.format(fmt::format("listener{}", number++), "name=unix,bind={}", options.unixsocket);
  }
}

void server(InfoWriter& out, const InfoSources& from) {
  const Options& options = from.config.options();
  const Clock& clock = from.dispatcher.clock();
  const std::int64_t uptime_s = (clock.monotonic_ms() - from.run.started_ms) / 1000;
  utsname system{};
  ::uname(&system);
  out.field("redis_version", kRedisVersion);
  out.field("tarn_version", TARN_VERSION);
  out.field("redis_git_sha1", std::string_view(kGitCommit) == "unknown" ? "00000000" : kGitCommit);
  out.flag("redis_git_dirty", kGitDirty);
  out.field("redis_build_id", kBuildId);
  out.field("redis_mode", "standalone");
  out.format("os", "{} {} {}", system.sysname, system.release, system.machine);
  out.field("arch_bits", sizeof(void*) * 8);
  out.field("monotonic_clock", "POSIX clock_gettime");
  out.field("multiplexing_api", "epoll");
  out.field("atomicvar_api", "c11-builtin");
  out.format("gcc_version", "{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
  out.field("process_id", ::getpid());
  out.field("process_supervised", from.run.supervised);
  out.field("run_id", from.run.run_id);
  out.field("tcp_port", options.port);
  out.field("server_time_usec", clock.now_us());
  out.field("uptime_in_seconds", uptime_s);
  out.field("uptime_in_days", uptime_s / (24 * 60 * 60));
  out.field("hz", options.hz);
  out.field("configured_hz", options.hz);
  out.field("lru_clock", static_cast<std::uint32_t>(clock.now_ms() / 1000) & kRecencyMask);
  out.field("executable", from.run.executable);
  out.field("config_file", from.config.config_file());
  out.field("io_threads_active", 0);
  listeners(out, options);
}

void clients(InfoWriter& out, const InfoSources& from) {
  std::size_t max_input = 0;
  std::size_t max_output = 0;
  for (const auto& [id, session] : from.clients.sessions()) {
    max_input = std::max(max_input, session->transport->input_capacity_bytes());
    max_output = std::max(max_output, session->transport->output().memory_bytes());
  }
  out.field("connected_clients", from.clients.size());
  out.field("cluster_connections", 0);
  out.field("maxclients", from.config.options().maxclients);
  out.field("client_recent_max_input_buffer", max_input);
  out.field("client_recent_max_output_buffer", max_output);
  out.field("blocked_clients", from.blocked.size());
  out.field("tracking_clients", from.tracking.clients());
  out.field("clients_in_timeout_table", from.blocked.with_timeout());
  out.field("total_blocking_keys", from.key_waiters.keys());
  out.field("total_blocking_keys_on_nokey", 0);
}

void replication(InfoWriter& out, const InfoSources& from) {
  out.field("role", "master");
  out.field("connected_slaves", 0);
  out.field("master_failover_state", "no-failover");
  out.field("master_replid", from.run.replication_id);
  out.field("master_replid2", std::string(40, '0'));
  out.field("master_repl_offset", 0);
  out.field("second_repl_offset", -1);
  out.field("repl_backlog_active", 0);
  out.field("repl_backlog_size", from.config.options().repl_backlog_size);
  out.field("repl_backlog_first_byte_offset", 0);
  out.field("repl_backlog_histlen", 0);
}

void cpu(InfoWriter& out, const InfoSources&) {
  const auto seconds = [&](std::string_view name, const timeval& time) {
    out.format(name, "{}.{:06}", time.tv_sec, time.tv_usec);
  };
  rusage self{};
  rusage children{};
  rusage thread{};
  ::getrusage(RUSAGE_SELF, &self);
  ::getrusage(RUSAGE_CHILDREN, &children);
  ::getrusage(RUSAGE_THREAD, &thread);
  seconds("used_cpu_sys", self.ru_stime);
  seconds("used_cpu_user", self.ru_utime);
  seconds("used_cpu_sys_children", children.ru_stime);
  seconds("used_cpu_user_children", children.ru_utime);
  seconds("used_cpu_sys_main_thread", thread.ru_stime);
  seconds("used_cpu_user_main_thread", thread.ru_utime);
}

void modules(InfoWriter&, const InfoSources&) {}

void cluster(InfoWriter& out, const InfoSources&) { out.field("cluster_enabled", 0); }

void keyspace(InfoWriter& out, const InfoSources& from) {
  for (std::size_t i = 0; i < from.databases.size(); ++i) {
    const Keyspace& database = from.databases[i];
    if (database.empty()) continue;
    std::string line = fmt::format("keys={},expires={},avg_ttl={}", database.size(),
                                   database.expires(), database.average_ttl_ms());
    if (database.field_expires() > 0)
      line += fmt::format(",subexpiry={}", database.field_expires());
    out.field(fmt::format("db{}", i), line);
  }
}

}  // namespace

void add_info_sections(Info& info, const InfoSources& sources) {
  using Shown = Info::Shown;
  const auto add = [&](std::string_view title, Shown shown,
                       void (*section)(InfoWriter&, const InfoSources&)) {
    info.add(title, shown, [section, sources](InfoWriter& out) { section(out, sources); });
  };
  add("Server", Shown::kAlways, server);
  add("Clients", Shown::kAlways, clients);
  add("Memory", Shown::kAlways, info_sections::memory);
  add("Persistence", Shown::kAlways, info_sections::persistence);
  add("Stats", Shown::kAlways, info_sections::stats);
  add("Replication", Shown::kAlways, replication);
  add("CPU", Shown::kAlways, cpu);
  add("Modules", Shown::kAlways, modules);
  add("Commandstats", Shown::kOnDemand, info_sections::command_stats);
  add("Errorstats", Shown::kAlways, info_sections::error_stats);
  add("Latencystats", Shown::kOnDemand, info_sections::latency_stats);
  add("Cluster", Shown::kAlways, cluster);
  add("Keyspace", Shown::kAlways, keyspace);
}

}  // namespace tarn
