// Any bytes as a segment of an append-only file: it is read to some place, and cut there it is
// whole; and it can be read up to each batch, with what was known before left out.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "persistence/aof/annotation.h"
#include "persistence/aof/aof_reader.h"
#include "persistence/aof/padding.h"
#include "persistence/aof/segment_list.h"
#include "tests/fuzz/mutation.h"

namespace tarn {
namespace {

class Counter final : public CommandSink {
 public:
  Result<> on_command(std::span<const std::string_view> args) override {
    TARN_ASSERT(!args.empty());
    ++commands;
    return {};
  }
  std::uint64_t commands = 0;
};

class Segment {
 public:
  explicit Segment(std::string_view bytes) {
    TARN_ASSERT(::ftruncate(kFd, 0) == 0);
    TARN_ASSERT(::pwrite(kFd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  void cut(std::uint64_t bytes) { TARN_ASSERT(::ftruncate(kFd, static_cast<off_t>(bytes)) == 0); }
  AofSegment read(const AofReadOptions& options = {}) const {
    Counter counter;
    const auto segment = read_aof_segment(kPath, options, counter);
    TARN_ASSERT(segment && segment->commands == counter.commands);
    return *segment;
  }
  std::optional<std::uint64_t> first_sequence() const {
    const auto list = SegmentList::read({kPath});
    TARN_ASSERT(list);
    return list->first(0);
  }

 private:
  static inline const int kFd = ::memfd_create("segment", 0);
  static inline const std::string kPath = "/proc/self/fd/" + std::to_string(kFd);
};

void check(std::string_view bytes) {
  Segment file(bytes);
  const AofSegment whole = file.read();
  TARN_ASSERT(whole.good_bytes <= bytes.size());
  if (whole.end == AofSegment::End::kWhole && whole.good_bytes < bytes.size()) {
    TARN_ASSERT(whole.annotated && is_padding(bytes.substr(whole.good_bytes)));
  }
  if (whole.annotated) TARN_ASSERT(file.first_sequence() == whole.first_sequence);

  file.cut(whole.good_bytes);
  const AofSegment again = file.read();
  TARN_ASSERT(again.end == AofSegment::End::kWhole && again.good_bytes == whole.good_bytes);
  TARN_ASSERT(again.commands == whole.commands && again.batches == whole.batches);
  if (!whole.annotated || whole.batches == 0) return;

  // Half of the batches, and then the others.
  const std::uint64_t middle = whole.first_sequence + whole.batches / 2;
  const AofSegment before = file.read({.last_sequence = middle});
  const AofSegment after = file.read({.known_sequence = middle});
  TARN_ASSERT(before.sequence == middle && after.sequence == whole.sequence);
  TARN_ASSERT(before.commands + after.commands == whole.commands);
}

// The file with annotations that fit what stands before them, up to so many of them. What is no
// annotation any more stays as it is.
std::string mended(std::string_view bytes, unsigned annotations, bool renumber) {
  std::string file;
  ChecksumChain chain;
  std::size_t batch_start = 0;
  std::uint64_t sequence = 0;
  while (!bytes.empty() && annotations > 0) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const std::string_view with_end = bytes.substr(0, line.size() + 1);
    bytes.remove_prefix(with_end.size());
    auto annotation = parse_annotation(with_end);
    if (!annotation) {
      file += with_end;
      continue;
    }
    const std::string_view batch = std::string_view(file).substr(batch_start);
    if (renumber && chain.first != 0) annotation->sequence = sequence + (batch.empty() ? 0 : 1);
    annotation->bytes = batch.size();
    sequence = annotation->sequence;
    file += print_annotation(*annotation, batch, chain);
    batch_start = file.size();
    --annotations;
  }
  return file.append(bytes);
}

}  // namespace
}  // namespace tarn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tarn::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

// Most mutations keep the chain of checksums, without which a batch is not run; some only its
// beginning, so that what follows is torn or rot.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace tarn;
  if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string bytes =
      mutate(std::string(reinterpret_cast<const char*>(data), size), max_size);
  const unsigned annotations = seed % 4 == 1 ? (seed >> 2) % 8 : ~0U;
  return replace_input(data, size, max_size, mended(bytes, annotations, (seed >> 8) % 8 != 0));
}
