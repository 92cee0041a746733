// Any bytes as an RDB file, plain or in an LZ4 frame: they load or are refused, and what loads can
// be written and is then the same, whatever the limits of packed values are.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/assert.h"
#include "core/base/crc64.h"
#include "core/keyspace/dataset_digest.h"
#include "persistence/io/file_sink.h"
#include "persistence/io/file_source.h"
#include "persistence/io/lz4_frame.h"
#include "persistence/rdb/rdb_reader.h"
#include "persistence/rdb/rdb_writer.h"
#include "tests/fuzz/low_limits.h"
#include "tests/fuzz/mutation.h"

namespace tarn {
namespace {

constexpr std::size_t kChecksumBytes = 8;

// What is in the frame; nothing where it is damaged, or holds more.
std::string expanded(std::string_view frame, std::size_t max_bytes) {
  MemorySource memory(frame);
  Lz4Source source(memory, {});
  std::string bytes(max_bytes + 1, '\0');
  const auto count = source.read(bytes);
  bytes.resize(count && *count <= max_bytes ? *count : 0);
  return bytes;
}

std::string in_frame(std::string_view bytes) {
  std::string frame;
  MemorySink memory(frame);
  Lz4Sink sink(memory);
  TARN_ASSERT(sink.write(bytes) && sink.finish());
  return frame;
}

// Writes what one holds and loads it into the other.
void hand_over(const Databases& from, const ValueLimits& limits, Databases& to) {
  std::string file;
  MemorySink sink(file);
  TARN_ASSERT(write_rdb(from, {}, sink));
  MemorySource source(file);
  TARN_ASSERT(read_rdb(source, {.limits = limits}, to));
}

void check(std::string_view bytes) {
  FakeClock clock;
  Databases databases(clock, 2);
  MemorySource source(bytes);
  RdbReadOptions options;
  options.skip_unknown = bytes.size() % 2 == 0;
  if (!read_rdb(source, options, databases)) return;

  // The large values are not compared: in them, but not in packed ones, a score of -0 has a sign.
  Databases large(clock, 2);
  hand_over(databases, low_limits(), large);
  Databases again(clock, 2);
  hand_over(large, {}, again);
  TARN_ASSERT(dataset_digest(again) == dataset_digest(databases));
}

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tarn::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

// Mutates what the checksums are of, and computes them: else every mutation would be found out at
// the end of the file, and nothing that loads would ever be new.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace tarn;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const bool framed = bytes.starts_with(kLz4Magic);
  if (framed) bytes = expanded(bytes, max_size);
  if (seed % 16 == 0 || bytes.size() < kChecksumBytes || max_size <= kChecksumBytes) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  bytes.resize(bytes.size() - kChecksumBytes);
  bytes = mutate(std::move(bytes), max_size - kChecksumBytes);
  const std::uint64_t checksum = crc64(0, bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return replace_input(data, size, max_size, framed ? in_frame(bytes) : bytes);
}
