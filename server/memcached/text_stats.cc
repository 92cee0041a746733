// stats of the text protocol: what there is to say under memcached's names.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/memory/blob.h"
#include "server/memcached/families.h"
#include "server/memcached/text_support.h"

namespace tarn {
namespace {

using namespace memcached;

class StatWriter {
 public:
  explicit StatWriter(OutputBuffer& out) : out_(out) {}
  template <class Value>
  void stat(std::string_view name, const Value& value) {
    out_.append(fmt::format("STAT {} {}\r\n", name, value));
  }
  void end() { out_.append("END\r\n"); }

 private:
  OutputBuffer& out_;
};

void write_usage(StatWriter& out) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  out.stat("rusage_user", fmt::format("{}.{:06}", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec));
  out.stat("rusage_system", fmt::format("{}.{:06}", usage.ru_stime.tv_sec, usage.ru_stime.tv_usec));
}

void write_counters(StatWriter& out, const MemcachedStats& stats) {
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
}

void general(Call& call) {
  const MemcachedServices& server = services(call);
  const Clock& clock = call.databases.context().clock;
  StatWriter out(call.reply.out());
  out.stat("pid", ::getpid());
  out.stat("uptime", (clock.monotonic_ms() - server.started_ms) / 1000);
  out.stat("time", clock.now_ms() / 1000);
  out.stat("version", kVersion);
  out.stat("pointer_size", sizeof(void*) * 8);
  write_usage(out);
  out.stat("max_connections", server.options.maxclients);
  out.stat("curr_connections", server.clients.size());
  write_counters(out, server.stats);
  out.stat("limit_maxbytes", server.options.maxmemory);
  out.stat("threads", 1);
  out.stat("bytes", call.db().memory_bytes() + Blob::total_bytes());
  out.stat("curr_items", call.db().size());
  out.stat("total_items", server.stats.total_items);
  out.stat("evictions", 0);
  out.end();
}

void settings(Call& call) {
  const Options& options = memcached::options(call);
  StatWriter out(call.reply.out());
  out.stat("maxbytes", options.maxmemory);
  out.stat("maxconns", options.maxclients);
  out.stat("tcpport", options.memcached_port);
  out.stat("udpport", 0);
  out.stat("inter", fmt::format("{}", fmt::join(options.memcached_bind, ",")));
  out.stat("verbosity", 0);
  out.stat("domain_socket",
           options.memcached_unixsocket.empty() ? "NULL" : options.memcached_unixsocket);
  out.stat("num_threads", 1);
  out.stat("cas_enabled", "yes");
  out.stat("tcp_backlog", options.tcp_backlog);
  out.stat("binding_protocol", "auto-negotiate");
  out.stat("auth_enabled_sasl", "no");
  out.stat("auth_enabled_ascii", options.requirepass.empty() ? "no" : "yes");
  out.stat("item_size_max", options.memcached_max_item_size);
  out.stat("flush_enabled", "yes");
  out.end();
}

// There are no classes of slabs that items stay in; all count as one.
void items(Call& call) {
  StatWriter out(call.reply.out());
  if (const std::size_t count = call.db().size(); count > 0) {
    out.stat("items:1:number", count);
    out.stat("items:1:mem_requested", call.db().memory_bytes());
  }
  out.end();
}

void slabs(Call& call) {
  StatWriter out(call.reply.out());
  out.stat("active_slabs", 0);
  out.stat("total_malloced", call.db().memory_bytes());
  out.end();
}

void connections(Call& call) {
  const MemcachedServices& server = services(call);
  const std::int64_t now_ms = call.databases.context().clock.monotonic_ms();
  StatWriter out(call.reply.out());
  for (const auto& [id, session] : server.clients.sessions()) {
    if (session->transport == nullptr) continue;
    const std::string_view family = session->transport->is_unix_socket() ? "unix" : "tcp";
    out.stat(fmt::format("{}:addr", id),
             fmt::format("{}:{}", family, session->transport->peer_address()));
    out.stat(fmt::format("{}:secs_since_last_cmd", id), (now_ms - session->last_active_ms) / 1000);
  }
  out.end();
}

void stats(Call& call) {
  const std::string_view topic = call.args.size() > 1 ? call.args[1] : "";
  if (topic.empty()) return general(call);
  if (topic == "settings") return settings(call);
  if (topic == "items") return items(call);
  if (topic == "slabs") return slabs(call);
  if (topic == "conns") return connections(call);
  if (topic == "sizes") {
    call.reply.out().append("STAT sizes_status disabled\r\nEND\r\n");
  } else if (topic == "reset") {
    services(call).stats = {};
    call.reply.out().append("RESET\r\n");
  } else {
    call.reply.error_line(lines::kNoSuchCommand);
  }
}

constexpr CommandRow kRows[] = {
    {.name = "stats",
     .handler = stats,
     .arity = -1,
     .flags = kLoading | kStale,
     .categories = kAdminCategory},
};

}  // namespace

std::span<const CommandRow> memcached_stats_commands() { return kRows; }

}  // namespace tarn
