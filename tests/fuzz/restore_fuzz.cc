// Any bytes as the payload of RESTORE, with a right trailer, so that the value is looked at.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/assert.h"
#include "core/base/crc64.h"
#include "persistence/rdb/rdb_reader.h"
#include "persistence/rdb/rdb_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn;
  std::string payload(reinterpret_cast<const char*>(data), size);
  payload.append("\x0a\0", 2);
  const std::uint64_t checksum = crc64(0, payload);
  payload.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);

  FakeClock clock;
  Databases databases(clock, 1);
  const Key key("key");
  const auto restored = restore_payload(payload, {}, databases[0], key, Ttl::none());
  const Entry* entry = databases[0].peek(key);
  TARN_ASSERT(restored.ok() || entry == nullptr);
  if (entry != nullptr) TARN_ASSERT(check_payload(dump_payload(*entry)));
  return 0;
}
