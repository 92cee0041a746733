// Any bytes as LZ4 frames.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "persistence/io/file_source.h"
#include "persistence/io/lz4_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn;
  MemorySource memory(std::string_view(reinterpret_cast<const char*>(data), size));
  Lz4Source source(memory, {});
  char buffer[4096];
  for (std::size_t total = 0; total < (8U << 20); total += sizeof buffer) {
    const auto count = source.read(buffer);
    if (!count || *count < sizeof buffer) break;
  }
  return 0;
}
