// Any bytes as an RDB file, plain or in an LZ4 frame: they load or are refused, and what loads can
// be written and is then the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/keyspace/dataset_digest.h"
#include "persistence/io/file_sink.h"
#include "persistence/io/file_source.h"
#include "persistence/rdb/rdb_reader.h"
#include "persistence/rdb/rdb_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FakeClock clock;
  Databases databases(clock, 2);
  MemorySource source(bytes);
  RdbReadOptions options;
  options.skip_unknown = size % 2 == 0;
  if (!read_rdb(source, options, databases)) return 0;

  std::string file;
  MemorySink sink(file);
  TARN_ASSERT(write_rdb(databases, {}, sink));
  Databases again(clock, 2);
  MemorySource written(file);
  TARN_ASSERT(read_rdb(written, {}, again));
  TARN_ASSERT(dataset_digest(again) == dataset_digest(databases));
  return 0;
}
