#pragma once

#include <cstddef>

#include "core/keyspace/keyspace.h"
#include "core/types/collection.h"

namespace tarn {

// A key that is open for changes to its collection:
//
//     CollectionEdit edit(call.db(), call.key(1), Type::kSet);
//     if (edit.wrong_type()) return call.reply.error(errors::kWrongType);
//     Set set(edit, limits);
//     const std::size_t added = set.add(member);
//     edit.commit(added);
//
// Opening counts as a use of the key. Observers are told by commit(), so every edit that changed
// something must be committed. Between opening and commit, edits of other keys (of this or another
// keyspace) are fine; other writes to the same key are not.
class CollectionEdit final : public CollectionCell {
 public:
  enum class Outcome { kUnchanged, kChanged, kDeleted };

  // The key's bytes must outlive the edit.
  CollectionEdit(Keyspace& keyspace, const Key& key, Type type);

  // The key holds another type; nothing may be done with the edit then.
  bool wrong_type() const { return wrong_type_; }

  char* splice(std::size_t offset, std::size_t removed, std::size_t inserted) override;
  void put_bytes(CollectionEncoding encoding, std::string_view bytes) override;
  void put_large(Collection* collection) override;
  // Deletes the key, but tells nobody before commit().
  void vacate() override;

  // Ends a change of `changes` elements: tells the observers, unless it is 0. The key is deleted if
  // the cell was vacated; the edit may go on all the same.
  Outcome commit(std::size_t changes);

 private:
  friend class Keyspace;
  // Of an entry that has been found; opening is no use of the key.
  CollectionEdit(Keyspace& keyspace, const Key& key, Entry& entry);

  void put(const Keyspace::NewValue& value);
  void look();

  Keyspace& keyspace_;
  const Key key_;
  const Type type_;
  Entry* entry_;
  bool wrong_type_;
  bool existed_;
};

}  // namespace tarn
