#include "persistence/rdb/rdb_writer.h"

#include <fmt/core.h>

#include <ctime>

#include "core/base/crc64.h"
#include "core/keyspace/compressed_value.h"
#include "core/memory/blob.h"
#include "persistence/io/file_sink.h"
#include "persistence/rdb/item_fields.h"
#include "persistence/rdb/rdb_encoder.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/value_writer.h"

namespace tarn {
namespace {

// How many keys are written between two looks at the sink's health.
constexpr std::uint64_t kProgressKeys = 256;

class Writer {
 public:
  Writer(const Databases& databases, const RdbWriteOptions& options, ByteSink& sink)
      : databases_(databases),
        options_(options),
        out_(sink, options.strings, options.checksum),
        values_(out_) {}

  Result<> write();

 private:
  void write_header();
  void write_database(std::size_t index);
  void write_key(const Entry& entry);
  void write_access(const Entry& entry);

  const Databases& databases_;
  const RdbWriteOptions& options_;
  RdbEncoder out_;
  ValueWriter values_;
  std::uint64_t keys_ = 0;
};

Result<> Writer::write() {
  write_header();
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    if (!databases_[i].empty()) write_database(i);
  }
  out_.byte(rdb::kEof);
  const std::uint64_t checksum = out_.checksum();
  out_.little_endian(checksum);
  out_.flush();
  if (options_.on_progress) options_.on_progress(keys_);
  return out_.result();
}

void Writer::write_header() {
  out_.raw(fmt::format("{}{:04}", rdb::kMagic, rdb::kVersion));
  write_aux(out_, "redis-ver", "7.2.4");
  write_aux(out_, "redis-bits", std::to_string(sizeof(void*) * 8));
  write_aux(out_, "ctime", std::to_string(std::time(nullptr)));
  write_aux(out_, rdb::kAuxUsedMemory,
            std::to_string(databases_.memory_bytes() + Blob::total_bytes()));
  for (const auto& [name, value] : options_.aux) write_aux(out_, name, value);
}

void Writer::write_database(std::size_t index) {
  const Keyspace& keyspace = databases_[index];
  out_.byte(rdb::kSelectDb);
  out_.length(index);
  out_.byte(rdb::kResizeDb);
  out_.length(keyspace.size());
  out_.length(keyspace.expires());
  const auto write_one = [&](const Entry& entry) {
    if (!out_.failed()) write_key(*PlainEntry(entry));
  };
  options_.at_last ? keyspace.for_each_at_last(write_one) : keyspace.for_each(write_one);
}

void Writer::write_key(const Entry& entry) {
  if (entry.has_deadline()) {
    out_.byte(rdb::kExpireMs);
    out_.little_endian(entry.deadline_ms());
  }
  if (options_.access_hints) write_access(entry);
  ItemFields::write(out_, entry);
  out_.byte(ValueWriter::type_of(entry));
  out_.string(entry.key());
  values_.write(entry);
  if (++keys_ % kProgressKeys == 0 && options_.on_progress) options_.on_progress(keys_);
}

void Writer::write_access(const Entry& entry) {
  const AccessPolicy& policy = databases_.access_policy();
  const std::int64_t now_ms = databases_.context().clock.now_ms();
  if (policy.tracks_frequency) {
    out_.byte(rdb::kFrequency);
    out_.byte(static_cast<std::uint8_t>(policy.frequency(entry.access(), now_ms)));
  } else {
    out_.byte(rdb::kIdle);
    out_.length(static_cast<std::uint64_t>(policy.idle_seconds(entry.access(), now_ms)));
  }
}

}  // namespace

Result<> write_rdb(const Databases& databases, const RdbWriteOptions& options, ByteSink& sink) {
  return Writer(databases, options, sink).write();
}

std::string dump_payload(const Entry& entry) {
  std::string payload;
  MemorySink sink(payload);
  RdbEncoder out(sink, RdbStringCompression::kNone, false);
  out.byte(ValueWriter::type_of(entry));
  ValueWriter(out).write(entry);
  ItemFields::write(out, entry);
  out.little_endian(static_cast<std::uint16_t>(rdb::kVersion));
  out.flush();
  const std::uint64_t checksum = crc64(0, payload);
  payload.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return payload;
}

}  // namespace tarn
