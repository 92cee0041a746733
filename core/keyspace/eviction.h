#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/keyspace/databases.h"

namespace tarn {

// Which keys go when room has to be made.
struct EvictionRule {
  enum class By : std::uint8_t {
    kNothing,    // none
    kDensity,    // those that are least likely to be used soon (see hit_density.h)
    kFrequency,  // those that are used least often
    kDeadline,   // those that would expire first
    kRandom,
  };
  By by = By::kNothing;
  bool only_with_deadline = false;
  std::size_t samples = 5;  // keys that are looked at for each that is evicted

  bool operator==(const EvictionRule&) const = default;
};

// Chooses keys to evict, over all databases alike, and deletes them.
//
//  1. No order of keys is kept: the candidates are a sample. It goes round the hash table, a bucket
//     at a time, which visits keys in an order that has nothing to do with their use, needs two
//     cache misses for some seven keys, and passes nobody over. Each evicted key pays for
//     `samples` looked at, on average.
//  2. The best candidates of all samples so far are kept in a pool: hash, database and the rank
//     they had. Keys may change, move and die meanwhile without telling; when a candidate's turn
//     comes it is found by its hash and ranked afresh, and goes back if another one is better now.
//  3. Where keys with a deadline are wanted and few have one, the timing wheel is gone round in
//     place of the table.
//
// Nothing is paid by anybody while nothing is evicted.
class Evictor {
 public:
  enum class Outcome : std::uint8_t {
    kEvicted,
    kSearching,  // no key so far: go on
    kNone,       // there is no key that may go
  };

  explicit Evictor(Databases& databases) : databases_(databases) {}

  const EvictionRule& rule() const { return rule_; }
  void set_rule(const EvictionRule& rule);

  // Evicts a key, or looks for one; in some microseconds.
  Outcome evict_one();

 private:
  // What a key is worth, and what decides between equals.
  using Rank = std::pair<double, double>;
  struct Candidate {
    Rank rank;
    std::uint64_t hash;
    unsigned db;
  };
  struct Source {
    unsigned db;
    std::size_t keys;  // that may go, when last counted
  };

  void count_keys();
  std::size_t samples_a_key() const;
  unsigned choose_database();
  Outcome evict_random();
  Rank rank(const Entry& entry) const;
  void sample();
  void consider(unsigned db, std::uint64_t hash, const Entry& entry);
  bool evict_best();
  void evict(unsigned db, std::uint64_t hash, const Entry& entry);

  Databases& databases_;
  EvictionRule rule_;
  std::vector<Source> sources_;
  std::size_t total_keys_ = 0;
  std::size_t until_count_ = 0;  // evictions and samples until keys are counted again
  std::vector<Candidate> pool_;  // the first to go first
  std::vector<std::uint64_t> cursors_;
  std::ptrdiff_t credit_ = 0;  // keys looked at and not paid for yet
  Rng rng_;
};

}  // namespace tarn
