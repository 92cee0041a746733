#include "bench/load/cache_trace.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/random.h"
#include "bench/load/reply_counter.h"
#include "bench/load/socket.h"

namespace tarn::load {
namespace {

constexpr double kExponent = 0.9;
constexpr uint64_t kBatch = 32;
constexpr uint64_t kScanRun = 20'000;
constexpr uint64_t kScanOneIn = 5;
constexpr uint64_t kRequestsAShift = 8;
constexpr uint64_t kScanKeys = uint64_t{1} << 40U;

/// Ranks 0, 1, 2 … with probability proportional to 1 / (rank + 1)^0.9, by inverting the integral
/// of that density: exact enough for a popularity law, and no table.
class Zipf {
 public:
  explicit Zipf(uint64_t size)
      : size_(size), top_(std::pow(static_cast<double>(size) + 1, 1 - kExponent) - 1) {}

  uint64_t draw(Random& random) const {
    const double x = std::pow(1 + random.unit() * top_, 1 / (1 - kExponent));
    return std::min(static_cast<uint64_t>(x) - 1, size_ - 1);
  }

 private:
  uint64_t size_;
  double top_;
};

/// The keys of a trace in order, as numbers.
class Trace {
 public:
  explicit Trace(const Options& options)
      : zipf_(options.keyspace), random_(options.seed), kind_(options.trace) {
    if (kind_ != "zipf" && kind_ != "scan" && kind_ != "shift") die("no such trace: " + kind_);
  }

  uint64_t next() {
    const uint64_t index = index_++;
    if (kind_ == "scan" && index / kScanRun % kScanOneIn == kScanOneIn - 1) {
      return kScanKeys + index;
    }
    const uint64_t rank = zipf_.draw(random_);
    if (kind_ == "shift") return rank + index / kRequestsAShift;
    return rank;
  }

 private:
  Zipf zipf_;
  Random random_;
  std::string kind_;
  uint64_t index_ = 0;
};

std::string concat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

/// "key:" and twelve digits of a shuffled number: neighbours in the trace are strangers by name.
std::string key_name(uint64_t number) {
  const std::string digits = std::to_string(Random::mix(number) % 1'000'000'000'000U);
  return concat({"key:", std::string(12 - digits.size(), '0'), digits});
}

class Cache {
 public:
  explicit Cache(const Options& options)
      : socket_(options.host, options.port),
        replies_(options.protocol),
        memcached_(options.protocol == Protocol::kMemcached),
        value_(options.value_bytes, 'v') {
    replies_.record_misses(outcomes_);
  }

  /// Asks for every key and stores those that missed; returns the number of hits.
  uint64_t look_up(const std::vector<std::string>& keys) {
    std::string request;
    for (const std::string& key : keys) request += get(key);
    exchange(request, keys.size());
    const std::vector<bool> missed = outcomes_;
    request.clear();
    for (size_t i = 0; i < keys.size(); ++i) {
      if (missed[i]) request += set(keys[i]);
    }
    const auto misses = static_cast<uint64_t>(std::count(missed.begin(), missed.end(), true));
    if (misses > 0) exchange(request, misses);
    return keys.size() - misses;
  }

 private:
  std::string get(std::string_view key) const {
    if (memcached_) return concat({"get ", key, "\r\n"});
    return concat({"*2\r\n$3\r\nGET\r\n", bulk(key)});
  }

  std::string set(std::string_view key) const {
    if (memcached_) {
      return concat({"set ", key, " 0 0 ", std::to_string(value_.size()), "\r\n", value_, "\r\n"});
    }
    return concat({"*3\r\n$3\r\nSET\r\n", bulk(key), bulk(value_)});
  }

  static std::string bulk(std::string_view bytes) {
    return concat({"$", std::to_string(bytes.size()), "\r\n", bytes, "\r\n"});
  }

  void exchange(std::string_view request, uint64_t expected) {
    outcomes_.clear();
    while (!request.empty()) request.remove_prefix(socket_.send(request));
    while (outcomes_.size() < expected) {
      socket_.wait_readable();
      replies_.feed(socket_.receive());
    }
    if (replies_.errors() > 0) die("the server said: " + replies_.first_error());
  }

  Socket socket_;
  ReplyCounter replies_;
  bool memcached_;
  std::string value_;
  std::vector<bool> outcomes_;
};

}  // namespace

TraceResult run_cache_trace(const Options& options) {
  if (options.requests == 0) die("a trace needs --requests");
  Trace trace(options);
  Cache cache(options);
  TraceResult result;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::string> keys(kBatch);
  for (uint64_t done = 0; done < options.requests; done += kBatch) {
    for (std::string& key : keys) key = key_name(trace.next());
    const uint64_t hits = cache.look_up(keys);
    if (done < options.requests / 4) continue;
    result.requests += kBatch;
    result.hits += hits;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace tarn::load
