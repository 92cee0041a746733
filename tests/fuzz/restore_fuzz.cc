// Any bytes as the payload of RESTORE, with a right trailer, so that the value is looked at: it is
// restored or refused, whatever the limits of packed values are, and what was restored can be
// dumped and restored again as the same value. (Values of different encodings are not compared:
// a score of -0 keeps its sign in large sorted sets only.)

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/crc64.h"
#include "core/keyspace/dataset_digest.h"
#include "persistence/rdb/rdb_reader.h"
#include "persistence/rdb/rdb_writer.h"
#include "tests/fuzz/low_limits.h"

namespace tarn {
namespace {

// The entry, or nullptr where the payload was refused or all of its fields are due.
const Entry* restore(std::string_view payload, const ValueLimits& limits, Keyspace& keyspace) {
  const Key key("key");
  const auto restored = restore_payload(payload, limits, keyspace, key, Ttl::none());
  const Entry* entry = keyspace.peek(key);
  TARN_ASSERT(restored || entry == nullptr);
  return entry;
}

void check(const std::string& payload) {
  FakeClock clock;
  Databases databases(clock, 3);
  const Entry* packed = restore(payload, {}, databases[0]);
  const Entry* large = restore(payload, low_limits(), databases[1]);
  TARN_ASSERT((packed == nullptr) == (large == nullptr));
  if (packed == nullptr) return;
  const Sha1::Digest digest = value_digest(*packed);
  for (const Entry* entry : {packed, large}) {
    const Entry* again = restore(dump_payload(*entry), {}, databases[2]);
    TARN_ASSERT(again != nullptr && value_digest(*again) == digest);
    databases[2].erase(Key("key"));
  }
}

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string payload(reinterpret_cast<const char*>(data), size);
  payload.append("\x0a\0", 2);
  const std::uint64_t checksum = tarn::crc64(0, payload);
  payload.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  tarn::check(payload);
  return 0;
}
