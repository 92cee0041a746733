#include "core/types/sorted_set_builder.h"

#include <algorithm>
#include <span>
#include <utility>

namespace tarn {

void SortedSetBuilder::add(ScoredBatch& batch) {
  Batch sought;
  locate(batch.members, sought);
  for (std::size_t i = 0; i < batch.members.size(); ++i) {
    insert(batch.members[i], sought[i], batch.scores[i]);
  }
}

void SortedSetBuilder::merge(ScoredBatch& batch, Combine combine) {
  Batch sought;
  locate(batch.members, sought);
  for (std::size_t i = 0; i < batch.members.size(); ++i) {
    if (const ScoredMember* element = set_->find(sought[i])) {
      set_->rescore_unordered(*element, combine(element->score(), batch.scores[i]));
    } else {
      insert(batch.members[i], sought[i], batch.scores[i]);
    }
  }
}

void SortedSetBuilder::locate(MemberBatch& batch, Batch& sought) const {
  const std::uint64_t* hashes = batch.hashes();
  for (std::size_t i = 0; i < batch.size(); ++i) sought[i] = Sought(batch[i], hashes[i]);
  set_->locate(std::span(sought).first(batch.size()));
}

void SortedSetBuilder::insert(const SetMember& member, const Sought& sought, double score) {
  longest_bytes_ = std::max(longest_bytes_, member.text_bytes());
  set_->insert_unordered(sought, score);
}

void SortedSetBuilder::finish(CollectionCell& cell, const SortedSetLimits& limits) {
  if (set_->size() == 0) return;
  set_->order_all();
  if (!limits.allow(set_->size(), longest_bytes_)) {
    return cell.put_large(std::exchange(set_, nullptr));
  }
  PackedString bytes;
  for (auto position = set_->order().begin(); position; position.next()) {
    bytes.append_pair(position->member().probe(), packed_score(position->score()));
  }
  cell.put_bytes(CollectionEncoding::kPacked, bytes.bytes());
}

void SortedSetBuilder::discard() {
  if (set_ == nullptr) return;
  while (set_->dismantle(set_->size())) {
  }
  delete set_;
}

}  // namespace tarn
