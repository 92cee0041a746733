// INFO: what is counted.

#include "core/base/cycle_clock.h"
#include "core/base/format.h"
#include "persistence/snapshot/forked_job.h"
#include "server/engine/authentication.h"
#include "server/metrics/defrag_stats.h"
#include "server/metrics/info_sections.h"
#include "server/metrics/time_over_limit.h"
#include "server/net/net_loop.h"
#include "server/pubsub/pubsub.h"
#include "server/pubsub/tracking.h"

namespace tarn::info_sections {
namespace {

double to_us(std::uint64_t cycles) {
  return static_cast<double>(cycles) * CycleClock::ns_per_cycle() / 1000.0;
}

double to_kilobytes(const RateMeter& rate) { return rate.per_second() / 1024.0; }

void traffic(InfoWriter& out, const InfoSources& from) {
  out.field("total_connections_received", from.net.connections_accepted);
  out.field("total_commands_processed", from.dispatcher.commands_processed());
  out.format("instantaneous_ops_per_sec", "{:.0f}", from.rates.commands.per_second());
  out.field("total_net_input_bytes", from.net.bytes_received);
  out.field("total_net_output_bytes", from.net.bytes_sent);
  out.field("total_net_repl_input_bytes", 0);
  out.field("total_net_repl_output_bytes", 0);
  out.format("instantaneous_input_kbps", "{:.2f}", to_kilobytes(from.rates.bytes_received));
  out.format("instantaneous_output_kbps", "{:.2f}", to_kilobytes(from.rates.bytes_sent));
  out.field("instantaneous_input_repl_kbps", "0.00");
  out.field("instantaneous_output_repl_kbps", "0.00");
  out.field("rejected_connections", from.net.connections_rejected);
  out.field("sync_full", 0);
  out.field("sync_partial_ok", 0);
  out.field("sync_partial_err", 0);
}

void keys(InfoWriter& out, const InfoSources& from) {
  const KeyspaceStats& keyspace = from.databases.stats();
  out.field("expired_subkeys", keyspace.expired_fields);
  out.field("expired_keys", keyspace.expired);
  out.field("expired_stale_perc", "0.00");
  out.field("expired_time_cap_reached_count", 0);
  out.format("expire_cycle_cpu_milliseconds", "{:.0f}", to_us(from.expiry_cycles) / 1000.0);
  out.field("evicted_keys", keyspace.evicted);
  out.field("evicted_clients", from.resp.evicted_clients);
  const std::int64_t now_us = from.dispatcher.clock().monotonic_us();
  out.field("total_eviction_exceeded_time", from.eviction.total_exceeded_us(now_us) / 1000);
  out.field("current_eviction_exceeded_time", from.eviction.exceeded_us(now_us) / 1000);
  out.field("keyspace_hits", keyspace.hits);
  out.field("keyspace_misses", keyspace.misses);
  out.field("pubsub_channels", from.pubsub.topics(TopicKind::kChannel).size());
  out.field("pubsub_patterns", from.pubsub.topics(TopicKind::kPattern).size());
  out.field("pubsubshard_channels", from.pubsub.topics(TopicKind::kShardChannel).size());
}

void background(InfoWriter& out, const InfoSources& from) {
  out.field("latest_fork_usec", ForkedJob::last_fork_us());
  out.field("total_forks", ForkedJob::forks());
  out.field("migrate_cached_sockets", 0);
  out.field("slave_expires_tracked_keys", 0);
  out.field("active_defrag_hits", from.defrag.moved);
  out.field("active_defrag_misses", from.defrag.left);
  out.field("active_defrag_key_hits", from.defrag.keys_moved);
  out.field("active_defrag_key_misses", from.defrag.keys_left);
  const std::int64_t now_us = from.dispatcher.clock().monotonic_us();
  out.field("total_active_defrag_time", from.defrag.sparse.total_exceeded_us(now_us) / 1000);
  out.field("current_active_defrag_time", from.defrag.sparse.exceeded_us(now_us) / 1000);
  out.field("tracking_total_keys", from.tracking.keys());
  out.field("tracking_total_items", from.tracking.items());
  out.field("tracking_total_prefixes", from.tracking.prefixes());
}

// Without rules for users, only logging in can be denied.
void denials(InfoWriter& out, const InfoSources& from) {
  out.field("acl_access_denied_auth", from.logins.refused());
  out.field("acl_access_denied_cmd", 0);
  out.field("acl_access_denied_key", 0);
  out.field("acl_access_denied_channel", 0);
}

void event_loop(InfoWriter& out, const InfoSources& from) {
  out.field("eventloop_cycles", from.net.iterations);
  out.format("eventloop_duration_sum", "{:.0f}", to_us(from.net.busy_cycles()));
  out.format("eventloop_duration_cmd_sum", "{:.0f}", to_us(from.dispatcher.command_cycles()));
  const double iterations = from.rates.loop_iterations.per_second();
  const double busy_us =
      from.rates.loop_busy_cycles.per_second() * CycleClock::ns_per_cycle() / 1000;
  out.format("instantaneous_eventloop_cycles_per_sec", "{:.0f}", iterations);
  out.format("instantaneous_eventloop_duration_usec", "{:.0f}",
             iterations > 0 ? busy_us / iterations : 0.0);
}

// Calls visit(command) for every command and subcommand.
template <class Visit>
void for_each_command(const InfoSources& from, Visit visit) {
  for (const CommandTable* table : {&from.dispatcher.table(), &from.memcached_commands}) {
    for (const auto& command : table->commands()) {
      visit(*command);
      for (const auto& subcommand : command->subcommands) visit(*subcommand);
    }
  }
}

}  // namespace

void stats(InfoWriter& out, const InfoSources& from) {
  traffic(out, from);
  keys(out, from);
  background(out, from);
  out.field("unexpected_error_replies", 0);
  out.field("total_error_replies", from.dispatcher.errors().total());
  out.field("dump_payload_sanitizations", 0);
  out.field("total_reads_processed", from.net.reads);
  out.field("total_writes_processed", from.net.writes);
  out.field("io_threaded_reads_processed", 0);
  out.field("io_threaded_writes_processed", 0);
  out.field("client_query_buffer_limit_disconnections", from.resp.input_limit_disconnections);
  out.field("client_output_buffer_limit_disconnections", from.resp.output_limit_disconnections);
  out.field("reply_buffer_shrinks", 0);
  out.field("reply_buffer_expands", 0);
  event_loop(out, from);
  denials(out, from);
}

void command_stats(InfoWriter& out, const InfoSources& from) {
  for_each_command(from, [&](const Command& command) {
    const CommandStats& stats = command.stats;
    if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
    const double us = to_us(stats.cycles);
    const double us_per_call = stats.calls == 0 ? 0 : us / static_cast<double>(stats.calls);
    out.format(fmt::format("cmdstat_{}", command.full_name),
               "calls={},usec={:.0f},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
               stats.calls, us, us_per_call, stats.rejected, stats.failed);
  });
}

void error_stats(InfoWriter& out, const InfoSources& from) {
  for (const auto& [code, count] : from.dispatcher.errors().by_code()) {
    out.format(fmt::format("errorstat_{}", code), "count={}", count);
  }
}

void latency_stats(InfoWriter& out, const InfoSources& from) {
  const Options& options = from.config.options();
  if (!options.latency_tracking) return;
  const std::vector<double>& percentiles = options.latency_tracking_info_percentiles;
  for_each_command(from, [&](const Command& command) {
    const Histogram* latency = command.stats.latency.get();
    if (latency == nullptr || latency->total() == 0) return;
    std::string values;
    for (const double percent : percentiles) {
      if (!values.empty()) values += ',';
      append_format(values, "p{:g}={:.3f}", percent, to_us(latency->percentile(percent)));
    }
    out.format(fmt::format("latency_percentiles_usec_{}", command.full_name), "{}", values);
  });
}

}  // namespace tarn::info_sections
