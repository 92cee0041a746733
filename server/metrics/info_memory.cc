// INFO: memory.

#include "core/memory/reclaimer.h"
#include "server/metrics/defrag_stats.h"
#include "server/metrics/info_sections.h"

namespace tarn::info_sections {
namespace {

constexpr std::string_view kPolicy[] = {"maxmemory-policy"};

std::int64_t difference(std::size_t larger, std::size_t smaller) {
  return static_cast<std::int64_t>(larger) - static_cast<std::int64_t>(smaller);
}

void ratio_and_bytes(InfoWriter& out, std::string_view name, std::size_t larger,
                     std::size_t smaller) {
  out.format(fmt::format("{}_ratio", name), "{:.2f}", MemoryReport::ratio(larger, smaller));
  out.field(fmt::format("{}_bytes", name), difference(larger, smaller));
}

void scripting(InfoWriter& out) {
  out.field("used_memory_lua", 0);
  out.field("used_memory_vm_eval", 0);
  out.field("used_memory_lua_human", "0B");
  out.field("used_memory_scripts_eval", 0);
  out.field("number_of_cached_scripts", 0);
  out.field("number_of_functions", 0);
  out.field("number_of_libraries", 0);
  out.field("used_memory_vm_functions", 0);
  out.memory("used_memory_vm_total", 0);
  out.field("used_memory_functions", 0);
  out.memory("used_memory_scripts", 0);
}

}  // namespace

void memory(InfoWriter& out, const InfoSources& from) {
  const MemoryReport report = from.memory.report();
  const Options& options = from.config.options();
  out.memory("used_memory", report.used);
  out.memory("used_memory_rss", report.rss);
  out.memory("used_memory_peak", report.peak);
  out.format("used_memory_peak_perc", "{:.2f}%", report.peak_percent());
  out.field("used_memory_overhead", report.overhead);
  out.field("used_memory_startup", report.startup);
  out.field("used_memory_dataset", report.dataset);
  out.format("used_memory_dataset_perc", "{:.2f}%", report.dataset_percent());
  out.field("used_memory_entries", report.entries);
  out.field("used_memory_tables", report.tables);
  out.field("used_memory_large_values", report.blobs);
  out.field("allocator_allocated", report.allocator.allocated);
  out.field("allocator_active", report.allocator.active);
  out.field("allocator_resident", report.allocator.resident);
  out.memory("total_system_memory", report.system_total);
  scripting(out);
  out.memory("maxmemory", options.maxmemory);
  out.field("maxmemory_policy", from.config.get(kPolicy).front().second);
  ratio_and_bytes(out, "allocator_frag", report.allocator.active, report.allocator.allocated);
  ratio_and_bytes(out, "allocator_rss", report.allocator.resident, report.allocator.active);
  ratio_and_bytes(out, "rss_overhead", report.rss, report.allocator.resident);
  ratio_and_bytes(out, "mem_fragmentation", report.rss, report.used);
  out.field("mem_not_counted_for_evict", 0);
  out.field("mem_replication_backlog", 0);
  out.field("mem_total_replication_buffers", 0);
  out.field("mem_clients_slaves", 0);
  out.field("mem_clients_normal", from.memory.client_bytes());
  out.field("mem_cluster_links", 0);
  out.field("mem_aof_buffer", 0);
  out.field("mem_allocator", allocator_name());
  out.field("active_defrag_running", from.defrag.running_percent);
  const CompressedTotals compressed = from.databases.compressed();
  out.field("compressed_values", compressed.values);
  out.field("compressed_values_plain_bytes", compressed.plain_bytes);
  out.field("compressed_values_stored_bytes", compressed.stored_bytes);
  out.field("lazyfree_pending_objects", Reclaimer::pending());
  out.field("lazyfreed_objects", Reclaimer::completed());
}

}  // namespace tarn::info_sections
