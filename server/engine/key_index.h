#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/hash.h"

namespace tarn {

// What a feature remembers of keys, by database number and name, whether the keys exist or not. A
// Record has the members `unsigned db` and `std::string_view key`, which are set here, and stays
// where it is until it is erased.
template <class Record>
class KeyIndex {
 public:
  explicit KeyIndex(std::size_t databases) : records_(databases) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // nullptr where there is none.
  Record* find(unsigned db, std::string_view key) {
    auto& records = records_[db];
    if (records.empty()) return nullptr;
    const auto at = records.find(key);
    return at == records.end() ? nullptr : &at->second;
  }

  // The record, made where it is missing.
  Record& obtain(unsigned db, std::string_view key) {
    if (Record* known = find(db, key)) return *known;
    const auto at = records_[db].try_emplace(std::string(key)).first;
    ++size_;
    at->second.db = db;
    at->second.key = at->first;
    return at->second;
  }

  void erase(const Record& record) {
    auto& records = records_[record.db];
    records.erase(records.find(record.key));
    --size_;
  }

  // `visit` must not add or erase records.
  template <class Visit>
  void for_each(unsigned db, Visit visit) {
    for (auto& [key, record] : records_[db]) visit(record);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return hash_bytes(key); }
  };

  std::vector<std::unordered_map<std::string, Record, Hash, std::equal_to<>>> records_;  // by db
  std::size_t size_ = 0;
};

}  // namespace tarn
