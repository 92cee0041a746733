#include "core/keyspace/eviction.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

namespace tarn {
namespace {

constexpr std::size_t kPoolSize = 16;
constexpr std::size_t kStepsBetweenCounts = 256;
// With fewer than one key in so many having a deadline, these are looked for in the wheel.
constexpr std::size_t kSparse = 8;
// How often one call looks for candidates before it says that it found none so far.
constexpr int kMaxSteps = 16;
// A sample larger than that is enough for any number of evictions.
constexpr std::ptrdiff_t kMaxCredit = 1024;

bool has_sparse_deadlines(const Keyspace& keyspace) {
  return keyspace.expires() * kSparse < keyspace.size() && !keyspace.wheel().empty();
}

}  // namespace

// --- The keyspace's part

// Shows the live entries of items, and leaves them in the wheel.
template <class Visit>
class Keyspace::SamplingVisitor {
 public:
  SamplingVisitor(Keyspace& keyspace, Visit& visit) : keyspace_(keyspace), visit_(visit) {}

  void prefetch(std::span<const std::uint64_t> items) const { keyspace_.prefetch_entries(items); }

  std::optional<std::int64_t> visit(std::uint64_t item) {
    const std::uint64_t hash = item & kHashMask;
    const auto ticket = static_cast<std::uint16_t>(item >> kHashBits);
    const Entry* entry = keyspace_.table_.find(hash, [&](const Entry& candidate) {
      return candidate.has_deadline() && candidate.ticket() == ticket &&
             EntryTraits::hash(candidate) == hash;
    });
    if (entry == nullptr) return std::nullopt;
    if (keyspace_.is_live(*entry)) visit_(hash, *entry);
    return entry->deadline_ms();
  }

 private:
  Keyspace& keyspace_;
  Visit& visit_;
};

template <class Visit>
std::size_t Keyspace::sample_deadlines(std::size_t max_items, Visit visit) {
  return wheel_.sweep(max_items, SamplingVisitor<Visit>(*this, visit)).visited_items;
}

Entry* Keyspace::peek_hash(std::uint64_t hash) {
  Entry* entry =
      table_.find(hash, [hash](const Entry& other) { return EntryTraits::hash(other) == hash; });
  return entry != nullptr && is_live(*entry) ? entry : nullptr;
}

bool Keyspace::evict(std::uint64_t hash) {
  const EntryTable::Slot slot = table_.find_slot(
      hash, [hash](const Entry& other) { return EntryTraits::hash(other) == hash; });
  if (!slot) return false;
  ++context_.stats.evicted;
  if (context_.observer == nullptr) {
    remove(slot);
    return true;
  }
  const std::string key(slot.get()->key());
  remove(slot);
  context_.observer->key_evicted(*this, key);
  return true;
}

// --- The choice

void Evictor::set_rule(const EvictionRule& rule) {
  if (rule_ == rule) return;
  rule_ = rule;
  pool_.clear();
  sources_.clear();
  until_count_ = 0;
  credit_ = 0;
}

void Evictor::count_keys() {
  until_count_ = kStepsBetweenCounts;
  sources_.clear();
  total_keys_ = 0;
  std::size_t all_keys = 0;
  for (unsigned db = 0; db < databases_.size(); ++db) {
    const Keyspace& keyspace = databases_[db];
    all_keys += keyspace.size();
    const std::size_t keys = rule_.only_with_deadline ? keyspace.expires() : keyspace.size();
    if (keys == 0) continue;
    sources_.push_back({db, keys});
    total_keys_ += keys;
  }
  cursors_.resize(databases_.size());
  // What is left over may be of the last few keys.
  until_count_ = std::clamp<std::size_t>(total_keys_ / 8, 1, kStepsBetweenCounts);
  if (HitDensity* density = databases_.access_policy().density; density != nullptr) {
    density->set_population(all_keys);
  }
}

// REQUIRES: total_keys_ > 0
unsigned Evictor::choose_database() {
  if (sources_.size() == 1) return sources_.front().db;
  std::uint64_t drawn = rng_.below(total_keys_);
  for (const Source& source : sources_) {
    if (drawn < source.keys) return source.db;
    drawn -= source.keys;
  }
  return sources_.back().db;
}

Evictor::Outcome Evictor::evict_one() {
  if (rule_.by == EvictionRule::By::kNothing) return Outcome::kNone;
  if (until_count_ == 0) count_keys();
  --until_count_;
  if (total_keys_ == 0) {
    until_count_ = 0;
    return Outcome::kNone;
  }
  if (rule_.by == EvictionRule::By::kRandom) return evict_random();
  const auto wanted = static_cast<std::ptrdiff_t>(samples_a_key());
  for (int step = 0; step < kMaxSteps && (credit_ < wanted || pool_.empty()); ++step) sample();
  return evict_best() ? Outcome::kEvicted : Outcome::kSearching;
}

// A walk meets the keys more evenly than independent draws would: three keys of it are worth five
// of those. More would let a wrong estimate be followed too greedily.
std::size_t Evictor::samples_a_key() const {
  return rule_.by == EvictionRule::By::kDensity ? (rule_.samples * 3 + 4) / 5 : rule_.samples;
}

Evictor::Outcome Evictor::evict_random() {
  const unsigned db = choose_database();
  Keyspace& keyspace = databases_[db];
  if (!rule_.only_with_deadline || !has_sparse_deadlines(keyspace)) {
    for (int step = 0; step < kMaxSteps; ++step) {
      const Entry* entry = keyspace.random();
      if (entry == nullptr) break;
      if (rule_.only_with_deadline && !entry->has_deadline()) continue;
      evict(db, EntryTraits::hash(*entry), *entry);
      return Outcome::kEvicted;
    }
    return Outcome::kSearching;
  }
  std::optional<std::uint64_t> found;
  keyspace.sample_deadlines(kMaxSteps, [&](std::uint64_t hash, const Entry&) { found = hash; });
  if (!found) return Outcome::kSearching;
  evict(db, *found, *keyspace.peek_hash(*found));
  return Outcome::kEvicted;
}

// The least first to go.
Evictor::Rank Evictor::rank(const Entry& entry) const {
  const AccessPolicy& policy = databases_.access_policy();
  const std::int64_t now_ms = databases_.context().clock.now_ms();
  switch (rule_.by) {
    case EvictionRule::By::kDensity:
      if (policy.density == nullptr) break;
      return {policy.density->density(entry.access()),
              -static_cast<double>(policy.density->age(entry.access()))};
    case EvictionRule::By::kFrequency:
      if (!policy.tracks_frequency) break;
      return {static_cast<double>(policy.frequency(entry.access(), now_ms)),
              -static_cast<double>(policy.idle_minutes(entry.access(), now_ms))};
    case EvictionRule::By::kDeadline: return {static_cast<double>(entry.deadline_ms()), 0};
    case EvictionRule::By::kRandom:
    case EvictionRule::By::kNothing: break;
  }
  return {0, 0};
}

void Evictor::sample() {
  const unsigned db = choose_database();
  Keyspace& keyspace = databases_[db];
  if (rule_.only_with_deadline && has_sparse_deadlines(keyspace)) {
    keyspace.sample_deadlines(
        rule_.samples, [&](std::uint64_t hash, const Entry& entry) { consider(db, hash, entry); });
    return;
  }
  cursors_[db] = keyspace.scan(cursors_[db], [&](const Entry& entry) {
    if (!rule_.only_with_deadline || entry.has_deadline()) {
      consider(db, EntryTraits::hash(entry), entry);
    }
  });
}

void Evictor::consider(unsigned db, std::uint64_t hash, const Entry& entry) {
  credit_ = std::min(credit_ + 1, kMaxCredit);
  const Candidate candidate{rank(entry), hash, db};
  if (pool_.size() == kPoolSize && candidate.rank >= pool_.back().rank) return;
  const auto known = std::find_if(pool_.begin(), pool_.end(), [&](const Candidate& other) {
    return other.hash == hash && other.db == db;
  });
  if (known != pool_.end()) pool_.erase(known);
  const auto place = std::upper_bound(
      pool_.begin(), pool_.end(), candidate,
      [](const Candidate& first, const Candidate& second) { return first.rank < second.rank; });
  pool_.insert(place, candidate);
  if (pool_.size() > kPoolSize) pool_.pop_back();
}

bool Evictor::evict_best() {
  for (std::size_t tries = 2 * kPoolSize; tries > 0 && !pool_.empty(); --tries) {
    const Candidate best = pool_.front();
    pool_.erase(pool_.begin());
    const Entry* entry =
        best.db < databases_.size() ? databases_[best.db].peek_hash(best.hash) : nullptr;
    if (entry == nullptr || (rule_.only_with_deadline && !entry->has_deadline())) continue;
    if (!pool_.empty() && rank(*entry) > pool_.front().rank) {
      --credit_;  // it is no new one
      consider(best.db, best.hash, *entry);
      continue;
    }
    evict(best.db, best.hash, *entry);
    credit_ -= static_cast<std::ptrdiff_t>(samples_a_key());
    return true;
  }
  return false;
}

void Evictor::evict(unsigned db, std::uint64_t hash, const Entry& entry) {
  if (HitDensity* density = databases_.access_policy().density; density != nullptr) {
    density->evicted(hash, entry.access(), databases_.context().clock.now_ms());
  }
  databases_[db].evict(hash);
}

}  // namespace tarn
