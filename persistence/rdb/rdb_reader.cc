#include "persistence/rdb/rdb_reader.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "core/base/crc64.h"
#include "persistence/io/lz4_frame.h"
#include "persistence/rdb/item_fields.h"
#include "persistence/rdb/rdb_decoder.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/string_batch.h"
#include "persistence/rdb/value_reader.h"

namespace tarn {
namespace {

constexpr std::size_t kHeaderBytes = rdb::kMagic.size() + 4;

class Reader {
 public:
  Reader(ByteSource& source, const RdbReadOptions& options, Databases& databases)
      : source_(source),
        options_(options),
        databases_(databases),
        in_(source),
        values_(in_, options.limits) {}

  Result<RdbSummary> read();

 private:
  // What stands before a key and is about it.
  struct Attributes : StoredAccess {
    std::optional<std::int64_t> deadline_ms;
    ItemFields fields;
  };

  void read_header();
  bool read_item();
  void read_aux();
  void select_database();
  void read_sizes();
  void skip_unknown_part(std::string_view what, void (Reader::*skip)());
  void skip_function();
  void skip_module_aux();
  void read_key(std::uint8_t type);
  void read_known(std::uint8_t type);
  void read_string(Ttl ttl);
  void skip_value(std::uint8_t type);
  bool read_value(std::uint8_t type, const Key& key, Ttl ttl);
  std::string_view string_value();
  void put_strings();
  bool put_string(const StringBatch::Item& item);
  bool is_new(const Key& key, std::uint64_t offset);
  void skip_unknown(std::uint8_t type);
  void set_access(Entry& entry, const StoredAccess& stored);
  void check_end();
  void report();

  ByteSource& source_;
  const RdbReadOptions& options_;
  Databases& databases_;
  std::string key_;
  RdbDecoder in_;
  ValueReader values_;
  RdbSummary summary_;
  Keyspace* keyspace_ = nullptr;
  Attributes attributes_;
  StringBatch strings_;
  std::uint64_t reported_bytes_ = 0;
};

Result<RdbSummary> Reader::read() {
  read_header();
  keyspace_ = &databases_[0];
  while (!in_.failed() && read_item()) report();
  // Also where what follows is damaged: who repairs a file wants all that was whole.
  put_strings();
  keyspace_->expect_keys(0);
  if (!in_.failed()) check_end();
  if (in_.failed()) return in_.error();
  summary_.bytes = in_.offset();
  return std::move(summary_);
}

void Reader::report() {
  if (!options_.on_progress) return;
  const std::uint64_t bytes = source_.consumed_bytes();
  if (bytes - reported_bytes_ < options_.progress_bytes) return;
  reported_bytes_ = bytes;
  options_.on_progress(bytes, summary_.keys);
}

void Reader::read_header() {
  const std::string header(in_.raw(kHeaderBytes));
  if (in_.failed()) return;
  const char* const digits = header.data() + rdb::kMagic.size();
  const char* const end = header.data() + header.size();
  const auto [last, fault] = std::from_chars(digits, end, summary_.version);
  if (!header.starts_with(rdb::kMagic) || fault != std::errc() || last != end) {
    return in_.fail("expected \"REDIS\" and a version: this is no RDB file");
  }
  if (summary_.version < 1 || summary_.version > rdb::kNewestVersion) {
    in_.fail(fmt::format("expected an RDB file of version 1 to {}, found version {}",
                         rdb::kNewestVersion, summary_.version));
  }
}

// Reads one item of the file; returns whether there are more.
bool Reader::read_item() {
  const std::uint8_t opcode = in_.byte();
  switch (opcode) {
    case rdb::kEof: return false;
    case rdb::kExpireMs: attributes_.deadline_ms = in_.little_endian<std::int64_t>(); break;
    case rdb::kExpireSeconds:
      attributes_.deadline_ms = std::int64_t{in_.little_endian<std::int32_t>()} * 1000;
      break;
    case rdb::kIdle: attributes_.idle_s = in_.length(); break;
    case rdb::kFrequency: attributes_.frequency = in_.byte(); break;
    case rdb::kSelectDb: select_database(); break;
    case rdb::kResizeDb: read_sizes(); break;
    case rdb::kSlotInfo:
      for (int i = 0; i < 3; ++i) in_.length();
      break;
    case rdb::kAux: read_aux(); break;
    case rdb::kFunction: skip_unknown_part("a library of functions", &Reader::skip_function); break;
    case rdb::kFunctionPreGa: in_.fail("functions of a release candidate of Redis 7.0"); break;
    case rdb::kModuleAux: skip_unknown_part("data of a module", &Reader::skip_module_aux); break;
    default: read_key(opcode);
  }
  return !in_.failed();
}

void Reader::read_aux() {
  std::string name(in_.string());
  std::string value(in_.string());
  if (in_.failed()) return;
  if (attributes_.fields.take(in_, name, value)) return;
  if (options_.on_aux) options_.on_aux(name, value);
  summary_.aux.emplace_back(std::move(name), std::move(value));
}

void Reader::select_database() {
  put_strings();
  keyspace_->expect_keys(0);
  const std::uint64_t index = in_.length();
  if (in_.failed()) return;
  if (index >= databases_.size()) {
    return in_.fail(
        fmt::format("database {} is needed, and there are {}: raise the option databases", index,
                    databases_.size()));
  }
  keyspace_ = &databases_[static_cast<std::size_t>(index)];
}

// How many keys the database has, and how many of them a deadline. A damaged file may claim any
// number; it cannot hold more than it has bytes.
void Reader::read_sizes() {
  const std::uint64_t keys = in_.length();
  in_.length();
  if (!in_.failed()) keyspace_->expect_keys(std::min(keys, source_.total_bytes()));
}

void Reader::skip_unknown_part(std::string_view what, void (Reader::*skip)()) {
  if (!options_.skip_unknown) {
    return in_.fail(fmt::format(
        "found {}, which this server does not have; rdb-skip-unknown yes leaves such things out",
        what));
  }
  (this->*skip)();
  if (in_.failed()) return;
  ++summary_.skipped;
  if (options_.on_warning) {
    options_.on_warning(fmt::format("{}: left out {}", source_.name(), what));
  }
}

void Reader::skip_function() { in_.skip_string(); }

// The module's number, when it was saved, and its parts, just as a module's value has them.
void Reader::skip_module_aux() {
  in_.length();
  in_.length();
  values_.skip(rdb::kModule2);
}

void Reader::read_key(std::uint8_t type) {
  const bool known = ValueReader::knows(type);
  if (!known && !ValueReader::can_skip(type) && type != rdb::kModule) {
    return in_.fail(fmt::format("expected a key or an opcode, found the byte {}", type));
  }
  key_ = in_.string();
  if (in_.failed()) return;
  known ? read_known(type) : skip_unknown(type);
  attributes_ = {};
}

void Reader::read_known(std::uint8_t type) {
  const Ttl ttl = attributes_.deadline_ms ? Ttl::until(*attributes_.deadline_ms) : Ttl::none();
  const std::int64_t now_ms = databases_.context().clock.now_ms();
  if (attributes_.deadline_ms && *attributes_.deadline_ms < 0) {
    return in_.fail(shown_key(key_) + ": a deadline out of range");
  }
  if (options_.drop_expired && attributes_.deadline_ms && *attributes_.deadline_ms <= now_ms) {
    skip_value(type);
    ++summary_.expired;
    return;
  }
  if (type == rdb::kString) return read_string(ttl);
  put_strings();
  const Key key(key_);
  if (!is_new(key, in_.offset())) return;
  if (!read_value(type, key, ttl)) {
    // Old servers may have left empty collections, which hold nothing that could be lost.
    if (!in_.failed() && options_.on_warning) {
      options_.on_warning(
          fmt::format("{}: left out the empty {}", source_.name(), shown_key(key_)));
    }
    return;
  }
  ++summary_.keys;
  if (Entry* entry = keyspace_->peek(key)) set_access(*entry, attributes_);
}

void Reader::skip_value(std::uint8_t type) {
  const RdbDecoder::InValue named(in_, key_);
  values_.skip(type);
}

bool Reader::read_value(std::uint8_t type, const Key& key, Ttl ttl) {
  const RdbDecoder::InValue named(in_, key_);
  return values_.read(type, *keyspace_, key, ttl);
}

std::string_view Reader::string_value() {
  const RdbDecoder::InValue named(in_, key_);
  return in_.string();
}

bool Reader::is_new(const Key& key, std::uint64_t offset) {
  if (!keyspace_->contains(key)) return true;
  if (options_.replace) return keyspace_->erase(key);
  in_.fail_at(offset, fmt::format("{} comes twice in database {}", shown_key(key.bytes),
                                  keyspace_->index()));
  return false;
}

void Reader::read_string(Ttl ttl) {
  const std::uint64_t offset = in_.offset();
  const std::string_view value = string_value();
  if (!in_.failed() && !strings_.has_room_for(key_.size(), value.size())) put_strings();
  if (in_.failed()) return;
  const StringBatch::Item item{.key = Key(key_),
                               .value = value,
                               .ttl = ttl,
                               .access = attributes_,
                               .fields = attributes_.fields,
                               .offset = offset};
  if (StringBatch::takes(key_.size(), value.size())) return strings_.add(*keyspace_, item);
  put_string(item);
}

void Reader::put_strings() {
  strings_.drain(*keyspace_, [this](const StringBatch::Item& item) { return put_string(item); });
}

bool Reader::put_string(const StringBatch::Item& item) {
  if (!is_new(item.key, item.offset)) return false;
  Entry& entry = *keyspace_->set_string(item.key, item.value, item.ttl,
                                        {.client_flags = item.fields.client_flags});
  if (item.fields.stale) entry.mark_stale();
  set_access(entry, item.access);
  ++summary_.keys;
  return true;
}

void Reader::skip_unknown(std::uint8_t type) {
  const std::string what = fmt::format("{} is {}", shown_key(key_), ValueReader::name_of(type));
  if (!ValueReader::can_skip(type)) {
    return in_.fail(what + ", in a form whose end cannot be found");
  }
  if (!options_.skip_unknown) {
    return in_.fail(what +
                    ", which this server does not have; rdb-skip-unknown yes leaves such "
                    "keys out");
  }
  skip_value(type);
  if (in_.failed()) return;
  ++summary_.skipped;
  if (options_.on_warning) {
    options_.on_warning(fmt::format("{}: left out {}, {}", source_.name(), shown_key(key_),
                                    ValueReader::name_of(type)));
  }
}

void Reader::set_access(Entry& entry, const StoredAccess& stored) {
  if (!stored.idle_s && !stored.frequency) return;
  const AccessPolicy& policy = databases_.access_policy();
  if (policy.tracks_frequency ? !stored.frequency : !stored.idle_s) return;
  constexpr std::uint64_t kMaxIdleSeconds = 0xff'ffff;
  const auto idle_s =
      static_cast<std::int64_t>(std::min(stored.idle_s.value_or(0), kMaxIdleSeconds));
  entry.set_access(
      policy.restored(databases_.context().clock.now_ms(), idle_s, stored.frequency.value_or(0)));
}

void Reader::check_end() {
  if (summary_.version < 5) return;
  const std::uint64_t computed = in_.checksum();
  const auto expected = in_.little_endian<std::uint64_t>();
  if (in_.failed() || expected == 0 || expected == computed || !options_.verify_checksum) return;
  in_.fail(fmt::format("the checksum is {:016x} and should be {:016x}: the file is damaged",
                       computed, expected));
}

// Bytes that were looked at, and then the rest of the source.
class ResumedSource final : public ByteSource {
 public:
  ResumedSource(ByteSource& source, std::string_view first) : source_(source), first_(first) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (first_.empty()) return source_.read(buffer);
    const std::size_t count = std::min(first_.size(), buffer.size());
    std::copy_n(first_.data(), count, buffer.data());
    first_.remove_prefix(count);
    const auto rest = source_.read(buffer.subspan(count));
    if (!rest) return rest.error();
    return count + *rest;
  }
  const std::string& name() const override { return source_.name(); }
  std::uint64_t consumed_bytes() const override { return source_.consumed_bytes(); }
  std::uint64_t total_bytes() const override { return source_.total_bytes(); }

 private:
  ByteSource& source_;
  std::string_view first_;
};

// Those behind the value of a payload: all that may be there.
ItemFields read_trailing_fields(RdbDecoder& in) {
  ItemFields fields;
  while (!in.failed() && !in.at_end()) {
    if (in.byte() != rdb::kAux) in.fail("expected an auxiliary field");
    const std::string name(in.string());
    const std::string value(in.string());
    if (!in.failed()) fields.take(in, name, value);
  }
  return fields;
}

}  // namespace

bool begins_rdb(std::string_view bytes) {
  return bytes.starts_with(rdb::kMagic) || bytes.starts_with(kLz4Magic);
}

Result<RdbSummary> read_rdb(ByteSource& source, const RdbReadOptions& options,
                            Databases& databases) {
  char first[kLz4Magic.size()];
  const auto count = source.read(first);
  if (!count) return count.error();
  const std::string_view looked_at(first, *count);
  if (looked_at == kLz4Magic) {
    Lz4Source expanded(source, looked_at);
    auto summary = Reader(expanded, options, databases).read();
    if (!summary) return summary;
    summary->lz4 = true;
    // The frame's end has a checksum of its own.
    char rest;
    const auto end = expanded.read({&rest, 1});
    if (!end) return end.error();
    return summary;
  }
  ResumedSource whole(source, looked_at);
  return Reader(whole, options, databases).read();
}

Result<> check_payload(std::string_view payload) {
  const Error wrong{"DUMP payload version or checksum are wrong"};
  if (payload.size() < rdb::kPayloadTrailerBytes) return wrong;
  const std::string_view trailer = payload.substr(payload.size() - rdb::kPayloadTrailerBytes);
  std::uint16_t version;
  std::uint64_t checksum;
  std::memcpy(&version, trailer.data(), sizeof version);
  std::memcpy(&checksum, trailer.data() + sizeof version, sizeof checksum);
  if (version > rdb::kNewestVersion) return wrong;
  const std::string_view summed = payload.substr(0, payload.size() - sizeof checksum);
  if (crc64(0, summed) != checksum) return wrong;
  return {};
}

Result<> restore_payload(std::string_view payload, const ValueLimits& limits, Keyspace& keyspace,
                         const Key& key, Ttl ttl) {
  if (const auto checked = check_payload(payload); !checked) return checked;
  payload.remove_suffix(rdb::kPayloadTrailerBytes);
  RdbDecoder in(payload, "payload");
  ValueReader values(in, limits);
  const std::uint8_t type = in.byte();
  const Error bad{"Bad data format"};
  if (in.failed() || !ValueReader::knows(type)) return bad;
  // Nothing is put before all of it is believed, so what follows the value is looked for first.
  RdbDecoder ahead(payload.substr(1), "payload");
  ValueReader(ahead, limits).skip(type);
  const ItemFields fields = read_trailing_fields(ahead);
  if (ahead.failed()) return bad;
  if (!values.read(type, keyspace, key, ttl, {.client_flags = fields.client_flags})) return bad;
  if (Entry* entry = keyspace.peek(key); fields.stale && type == rdb::kString && entry != nullptr) {
    entry->mark_stale();
  }
  return {};
}

}  // namespace tarn
