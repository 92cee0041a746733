#pragma once

#include "core/keyspace/entry.h"
#include "persistence/rdb/listpack_writer.h"
#include "persistence/rdb/rdb_encoder.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {

// Writes values. What is packed in memory is a listpack in the file, though our packed lists are
// not listpacks: theirs are the encodings that readers know.
class ValueWriter {
 public:
  explicit ValueWriter(RdbEncoder& out) : out_(out) {}

  static rdb::ValueType type_of(const Entry& entry);
  // REQUIRES: type_of(entry) was written.
  void write(const Entry& entry);

 private:
  void write_string(const Entry& entry);
  void write_list(const Entry& entry);
  void write_set(const Entry& entry);
  void write_int_set(std::string_view bytes);
  void write_sorted_set(const Entry& entry);
  void write_hash(const Entry& entry);
  void write_expiring_hash(const Entry& entry);
  void end_node();

  RdbEncoder& out_;
  ListpackWriter listpack_;
};

}  // namespace tarn
