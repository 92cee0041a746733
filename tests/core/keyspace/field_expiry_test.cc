#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "core/types/detached_cell.h"
#include "core/types/hash.h"

namespace tarn {
namespace {

using Fields = std::map<std::string, std::int64_t>;  // and their deadlines
using Keys = std::map<std::string, Fields>;

struct Recorder final : KeyObserver {
  void key_modified(Keyspace&, std::string_view) override {}
  void key_expired(Keyspace&, std::string_view) override {}
  void fields_expired(Keyspace& keyspace, std::string_view key, bool gone) override {
    CHECK(keyspace.contains(Key(key)) == !gone);
    ++events;
  }
  int events = 0;
};

// Hashes in two databases beside a model of them, under commands and under time.
class Model {
 public:
  Model(HashLimits limits, std::uint64_t seed) : limits_(limits), rng_(seed) {
    databases_.context().observer = &recorder_;
  }

  void step() {
    db_ = rng_.below(2);
    switch (rng_.below(9)) {
      case 0:
      case 1:
      case 2:
      case 3: return set(any_key());
      case 4: return rename(any_key(), any_key());
      case 5: return copy(any_key(), any_key());
      case 6: return remove(any_key());
      case 7: return put_whole(any_key());
      default: return pass_time();
    }
  }

  // Everything that is due has gone by itself.
  void settle() {
    while (databases_.expire_step(1 + rng_.below(100))) {
    }
    for (std::size_t db = 0; db < 2; ++db) {
      std::size_t expiring = 0;
      for (const auto& [key, fields] : models_[db]) {
        expiring += std::any_of(fields.begin(), fields.end(),
                                [](const auto& field) { return field.second != kNoDeadline; });
      }
      CHECK(databases_[db].size() == models_[db].size());
      CHECK(databases_[db].field_expires() == expiring);
      CHECK(databases_.next_expiry_ms() > clock_.now_ms());
    }
    CHECK(databases_.stats().expired_fields == expired_);
  }

  void compare() {
    for (std::size_t db = 0; db < 2; ++db) {
      std::size_t seen = 0;
      databases_[db].for_each([&seen](const Entry&) { ++seen; });
      CHECK(seen == models_[db].size());
      for (int i = 0; i < kKeys; ++i) check(db, std::to_string(i));
    }
  }

 private:
  static constexpr int kKeys = 6;

  Keyspace& keyspace() { return databases_[db_]; }
  Keys& model() { return models_[db_]; }
  std::string any_key() { return std::to_string(rng_.below(kKeys)); }

  void check(std::size_t db, const std::string& key) {
    const Entry* entry = databases_[db].find(Key(key));
    REQUIRE((entry != nullptr) == models_[db].contains(key));
    if (entry == nullptr) return;
    const HashView hash(entry->collection_view());
    CHECK(hash.size() == models_[db][key].size());
    Fields fields;
    hash.for_each([&](std::string_view field, std::string_view, std::int64_t deadline_ms) {
      fields.emplace(field, deadline_ms);
    });
    CHECK(fields == models_[db][key]);
  }

  std::int64_t any_deadline() {
    switch (rng_.below(4)) {
      case 0: return kNoDeadline;
      case 1: return clock_.now_ms() + 100'000'000;
      default: return clock_.now_ms() + 1 + static_cast<std::int64_t>(rng_.below(300));
    }
  }

  void set(const std::string& key) {
    const Key name(key);
    CollectionEdit edit(keyspace(), name, Type::kHash);
    Hash hash(edit, limits_);
    for (std::uint64_t n = rng_.below(200); n > 0; --n) {
      const std::string field = std::to_string(rng_.below(400));
      const std::int64_t deadline_ms = any_deadline();
      if (rng_.below(3) == 0) {
        hash.erase(field);
        model()[key].erase(field);
      } else if (rng_.below(2) == 0) {
        if (hash.set_deadline(field, deadline_ms)) model()[key][field] = deadline_ms;
      } else {
        hash.set(field, "value", deadline_ms);
        model()[key][field] = deadline_ms;
      }
    }
    edit.commit(1);
    if (model()[key].empty()) model().erase(key);
  }

  void rename(const std::string& from, const std::string& to) {
    const std::size_t target = rng_.below(2);
    if (from == to && target == db_) return;
    if (keyspace().peek(Key(from)) == nullptr) return;
    databases_[target].put_moved(Key(to), keyspace(), Key(from));
    Fields fields = std::move(model()[from]);
    model().erase(from);
    models_[target][to] = std::move(fields);
  }

  void copy(const std::string& from, const std::string& to) {
    const Entry* entry = keyspace().peek(Key(from));
    if (from == to || entry == nullptr) return;
    // What is due but not erased yet is gone, and is counted where it is erased.
    settle();
    keyspace().put_copy(Key(to), *keyspace().peek(Key(from)));
    model()[to] = model()[from];
  }

  void remove(const std::string& key) {
    if (rng_.below(2) == 0) return;
    settle();
    CHECK(keyspace().erase(Key(key)) == (model().erase(key) > 0));
  }

  // As a STORE command or a load does.
  void put_whole(const std::string& key) {
    settle();
    DetachedCell cell(keyspace().context().collections->objects());
    Hash hash(cell, limits_);
    Fields fields;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t deadline_ms = any_deadline();
      hash.set(std::to_string(i), "value", deadline_ms);
      fields[std::to_string(i)] = deadline_ms;
    }
    keyspace().put(Key(key), Type::kHash, cell, Ttl::none());
    model()[key] = fields;
  }

  void pass_time() {
    clock_.advance_ms(static_cast<std::int64_t>(rng_.below(60)));
    for (Keys& keys : models_) {
      for (auto& [key, fields] : keys) {
        expired_ += std::erase_if(fields, [&](const auto& field) {
          return field.second != kNoDeadline && field.second <= clock_.now_ms();
        });
      }
      std::erase_if(keys, [](const auto& entry) { return entry.second.empty(); });
    }
    // Sometimes nobody comes to look.
    if (rng_.below(3) > 0) databases_.expire_step(rng_.below(50));
    if (rng_.below(3) == 0) settle();
    compare();
  }

  HashLimits limits_;
  Rng rng_;
  FakeClock clock_;
  Recorder recorder_;
  Databases databases_{clock_, 2};
  std::size_t db_ = 0;
  Keys models_[2];
  std::uint64_t expired_ = 0;
};

}  // namespace

TEST_CASE("fields of many hashes expire under whatever is done to their keys") {
  for (const HashLimits limits : {HashLimits{}, HashLimits{100, 64}, HashLimits{0, 64}}) {
    for (int run = 0; run < 3; ++run) {
      const std::uint64_t seed = std::random_device()();
      CAPTURE(seed);
      CAPTURE(limits.max_packed_entries);
      Model model(limits, seed);
      for (int i = 0; i < 150; ++i) model.step();
      model.settle();
      model.compare();
    }
  }
}

TEST_CASE("items of deadlines that were pushed forward do not pile up") {
  FakeClock clock;
  Databases databases(clock, 1);
  const Key key("h");
  const HashLimits limits;
  for (int i = 0; i < 100'000; ++i) {
    CollectionEdit edit(databases[0], key, Type::kHash);
    Hash(edit, limits).set("f", "v", clock.now_ms() + 1'000'000 - i);
    edit.commit(1);
    if (i % 100 == 0) databases.expire_step(1000);
  }
  while (databases.expire_step(1000)) {
  }
  CHECK(databases[0].field_expires() == 1);
  CHECK(databases[0].memory_bytes() < 1'000'000);
}

}  // namespace tarn
