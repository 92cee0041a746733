// Any bytes as a segment of an append-only file: it is read to some place, and cut there it is
// whole.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/assert.h"
#include "persistence/aof/aof_reader.h"

namespace {

class Counter final : public tarn::CommandSink {
 public:
  tarn::Result<> on_command(std::span<const std::string_view> args) override {
    TARN_ASSERT(!args.empty());
    ++commands;
    return {};
  }
  std::uint64_t commands = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn;
  static const int fd = ::memfd_create("segment", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  TARN_ASSERT(::ftruncate(fd, 0) == 0);
  TARN_ASSERT(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  Counter first;
  const auto segment = read_aof_segment(path, {}, first);
  TARN_ASSERT(segment);
  TARN_ASSERT(segment->good_bytes <= size);
  TARN_ASSERT(segment->commands == first.commands);

  TARN_ASSERT(::ftruncate(fd, static_cast<off_t>(segment->good_bytes)) == 0);
  Counter second;
  const auto again = read_aof_segment(path, {}, second);
  TARN_ASSERT(again && again->good_bytes == segment->good_bytes);
  TARN_ASSERT(second.commands == first.commands);
  return 0;
}
