#include "server/memcached/stats_report.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/memory/blob.h"
#include "server/memcached/call_support.h"

namespace tarn::memcached {
namespace {

void write_usage(StatSink& out) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  out.stat("rusage_user", fmt::format("{}.{:06}", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec));
  out.stat("rusage_system", fmt::format("{}.{:06}", usage.ru_stime.tv_sec, usage.ru_stime.tv_usec));
}

void write_counters(StatSink& out, const MemcachedStats& stats) {
  out.stat("cmd_get", stats.get_hits + stats.get_misses);
  out.stat("cmd_set", stats.cmd_set);
  out.stat("cmd_flush", stats.cmd_flush);
  out.stat("cmd_touch", stats.touch_hits + stats.touch_misses);
  out.stat("cmd_meta", stats.cmd_meta);
  out.stat("get_hits", stats.get_hits);
  out.stat("get_misses", stats.get_misses);
  out.stat("delete_misses", stats.delete_misses);
  out.stat("delete_hits", stats.delete_hits);
  out.stat("incr_misses", stats.incr_misses);
  out.stat("incr_hits", stats.incr_hits);
  out.stat("decr_misses", stats.decr_misses);
  out.stat("decr_hits", stats.decr_hits);
  out.stat("cas_misses", stats.cas_misses);
  out.stat("cas_hits", stats.cas_hits);
  out.stat("cas_badval", stats.cas_badval);
  out.stat("touch_hits", stats.touch_hits);
  out.stat("touch_misses", stats.touch_misses);
  out.stat("store_too_large", stats.store_too_large);
  out.stat("auth_cmds", stats.auth_cmds);
  out.stat("auth_errors", stats.auth_errors);
  // Items go when they are due, or all at once: none is found that should be gone.
  out.stat("get_expired", 0);
  out.stat("get_flushed", 0);
  out.stat("reclaimed", 0);
}

void general(Call& call, StatSink& out) {
  const MemcachedServices& server = services(call);
  const Options& options = memcached::options(call);
  const NetStats& before = server.stats.net_before;
  const Clock& clock = call.databases.context().clock;
  out.stat("pid", ::getpid());
  out.stat("uptime", (clock.monotonic_ms() - server.started_ms) / 1000);
  out.stat("time", clock.now_ms() / 1000);
  out.stat("version", kVersion);
  out.stat("pointer_size", sizeof(void*) * 8);
  write_usage(out);
  out.stat("max_connections", options.maxclients);
  out.stat("curr_connections", server.clients.size());
  out.stat("total_connections", server.net.connections_accepted - before.connections_accepted);
  out.stat("rejected_connections", server.net.connections_rejected - before.connections_rejected);
  out.stat("accepting_conns", 1);
  write_counters(out, server.stats);
  out.stat("bytes_read", server.net.bytes_received - before.bytes_received);
  out.stat("bytes_written", server.net.bytes_sent - before.bytes_sent);
  out.stat("limit_maxbytes", options.maxmemory);
  out.stat("threads", 1);
  out.stat("bytes", call.db().memory_bytes() + Blob::total_bytes());
  out.stat("curr_items", call.db().size());
  out.stat("total_items", server.stats.total_items);
  out.stat("evictions", call.databases.stats().evicted - server.stats.evicted_before);
}

void settings(Call& call, StatSink& out) {
  const Options& options = memcached::options(call);
  out.stat("maxbytes", options.maxmemory);
  out.stat("maxconns", options.maxclients);
  out.stat("tcpport", options.memcached_port);
  out.stat("udpport", 0);
  out.stat("inter", fmt::format("{}", fmt::join(options.memcached_bind, ",")));
  out.stat("verbosity", verbosity_of(options.loglevel));
  const bool evicts =
      options.maxmemory > 0 && options.maxmemory_policy != EvictionPolicy::kNoEviction;
  out.stat("evictions", evicts ? "on" : "off");
  out.stat("domain_socket",
           options.memcached_unixsocket.empty() ? "NULL" : options.memcached_unixsocket);
  out.stat("num_threads", 1);
  out.stat("cas_enabled", "yes");
  out.stat("tcp_backlog", options.tcp_backlog);
  out.stat("binding_protocol", "auto-negotiate");
  const std::string_view authenticates = options.requirepass.empty() ? "no" : "yes";
  out.stat("auth_enabled_sasl", authenticates);
  out.stat("auth_enabled_ascii", authenticates);
  out.stat("item_size_max", options.memcached_max_item_size);
  out.stat("flush_enabled", "yes");
}

// There are no classes of slabs that items stay in; all count as one.
void items(Call& call, StatSink& out) {
  if (const std::size_t count = call.db().size(); count > 0) {
    out.stat("items:1:number", count);
    out.stat("items:1:mem_requested", call.db().memory_bytes());
  }
}

void slabs(Call& call, StatSink& out) {
  out.stat("active_slabs", 0);
  out.stat("total_malloced", call.db().memory_bytes());
}

// That of a unix socket ends in a port to clients of Redis.
std::string_view shown_address(const Transport& transport, std::string_view address) {
  if (transport.is_unix_socket() && address.ends_with(":0")) address.remove_suffix(2);
  return address;
}

void connections(Call& call, StatSink& out) {
  const MemcachedServices& server = services(call);
  const std::int64_t now_ms = call.databases.context().clock.monotonic_ms();
  for (const auto& [id, session] : server.clients.sessions()) {
    if (session->transport == nullptr) continue;
    const Transport& transport = *session->transport;
    const std::string_view family = transport.is_unix_socket() ? "unix" : "tcp";
    out.stat(fmt::format("{}:addr", id),
             fmt::format("{}:{}", family, shown_address(transport, transport.peer_address())));
    out.stat(fmt::format("{}:listen_addr", id),
             fmt::format("{}:{}", family, shown_address(transport, transport.local_address())));
    out.stat(fmt::format("{}:state", id),
             session == &call.session ? "conn_parse_cmd" : "conn_read");
    out.stat(fmt::format("{}:secs_since_last_cmd", id), (now_ms - session->last_active_ms) / 1000);
  }
}

}  // namespace

void reset_stats(Call& call) {
  MemcachedStats& stats = stats_of(call);
  stats = {};
  stats.net_before = services(call).net;
  stats.evicted_before = call.databases.stats().evicted;
}

bool report_stats(Call& call, std::string_view topic, StatSink& out) {
  if (topic.empty()) {
    general(call, out);
  } else if (topic == "settings") {
    settings(call, out);
  } else if (topic == "items") {
    items(call, out);
  } else if (topic == "slabs") {
    slabs(call, out);
  } else if (topic == "conns") {
    connections(call, out);
  } else if (topic == "sizes") {
    out.stat("sizes_status", "disabled");
  } else {
    return false;
  }
  return true;
}

}  // namespace tarn::memcached
