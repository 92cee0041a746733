#pragma once

#include <string>
#include <utility>

#include "core/types/collection.h"

namespace tarn {

// A collection that is being made aside, and will become a key's value as a whole: the result of
// SUNIONSTORE, a value that is loaded. See Keyspace::put.
class DetachedCell final : public CollectionCell {
 public:
  explicit DetachedCell(ObjectHeap& heap) : CollectionCell(heap) {}
  ~DetachedCell() override { free_large(); }

  char* splice(std::size_t offset, std::size_t removed, std::size_t inserted) override {
    if (inserted > removed) {
      storage_.insert(offset + removed, inserted - removed, '\0');
    } else {
      storage_.erase(offset + inserted, removed - inserted);
    }
    view_.bytes = storage_;
    return storage_.data() + offset;
  }

  void put_bytes(CollectionEncoding encoding, std::string_view bytes) override {
    free_large();
    storage_.assign(bytes);
    view_ = {encoding, storage_, nullptr};
    vacant_ = false;
  }

  void put_large(Collection* collection) override {
    free_large();
    view_ = {CollectionEncoding::kLarge, {}, collection};
    vacant_ = false;
  }

  void vacate() override {
    free_large();
    view_ = {};
    vacant_ = true;
  }

  // Gives the large collection away and leaves the cell vacant.
  Collection* release_large() {
    Collection* collection = view_.large;
    view_ = {};
    vacant_ = true;
    return collection;
  }

 private:
  void free_large() {
    Collection* collection = std::exchange(view_.large, nullptr);
    if (collection == nullptr) return;
    while (collection->dismantle(kSlice)) {
    }
    delete collection;
  }

  static constexpr std::size_t kSlice = 1 << 20;
  std::string storage_;
};

}  // namespace tarn
