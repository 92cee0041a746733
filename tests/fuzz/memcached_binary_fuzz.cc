// Any bytes as requests of memcached's binary protocol.

#include "server/protocol/memcached_binary_parser.h"
#include "tests/fuzz/memcached_cuts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  tarn::check_memcached_cuts<tarn::MemcachedBinaryParser>(data[0], stream);
  return 0;
}
