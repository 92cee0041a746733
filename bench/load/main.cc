#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/load/cache_trace.h"
#include "bench/load/generator.h"
#include "bench/load/options.h"

namespace tarn::load {
namespace {

/// The exact quantile of sorted samples, in microseconds.
double quantile_us(const std::vector<uint64_t>& sorted_ns, double quantile) {
  if (sorted_ns.empty()) return 0;
  const auto last = static_cast<double>(sorted_ns.size() - 1);
  return static_cast<double>(sorted_ns[static_cast<size_t>(std::lround(quantile * last))]) / 1000;
}

void print_quantiles(const char* prefix, std::vector<uint64_t> samples_ns) {
  std::sort(samples_ns.begin(), samples_ns.end());
  std::printf(", \"%sp50_us\": %.1f, \"%sp99_us\": %.1f, \"%sp999_us\": %.1f, \"%smax_us\": %.1f",
              prefix, quantile_us(samples_ns, 0.5), prefix, quantile_us(samples_ns, 0.99), prefix,
              quantile_us(samples_ns, 0.999), prefix, quantile_us(samples_ns, 1));
}

void flood_or_probe(const Options& options) {
  const RunResult result = run_load(options);
  if (result.errors > 0) {
    std::fprintf(stderr, "tarn-load: the server said: %s\n", result.first_error.c_str());
  }
  std::printf("{\"requests\": %llu, \"seconds\": %.6f, \"errors\": %llu, \"misses\": %llu, ",
              static_cast<unsigned long long>(result.requests), result.seconds,
              static_cast<unsigned long long>(result.errors),
              static_cast<unsigned long long>(result.misses));
  std::printf("\"rps\": %.1f, \"load_cpu_seconds\": %.6f",
              static_cast<double>(result.requests) / result.seconds, result.load_cpu_seconds);
  if (options.probe_hz > 0) {
    std::printf(", \"pings\": %zu, \"pings_in_doubt\": %llu", result.probe_noted_ns.size(),
                static_cast<unsigned long long>(result.probes_in_doubt));
    print_quantiles("", result.probe_ns);
    print_quantiles("noted_", result.probe_noted_ns);
    print_quantiles("late_", result.probe_lateness_ns);
  }
  std::puts("}");
}

void cache_trace(const Options& options) {
  const TraceResult result = run_cache_trace(options);
  std::printf("{\"requests\": %llu, \"hits\": %llu, \"seconds\": %.3f}\n",
              static_cast<unsigned long long>(result.requests),
              static_cast<unsigned long long>(result.hits), result.seconds);
}

}  // namespace
}  // namespace tarn::load

int main(int argc, char** argv) {
  const tarn::load::Options options = tarn::load::parse_options(argc, argv);
  if (options.trace.empty()) {
    tarn::load::flood_or_probe(options);
  } else {
    tarn::load::cache_trace(options);
  }
}
