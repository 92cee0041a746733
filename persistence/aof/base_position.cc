#include "persistence/aof/base_position.h"

#include "core/base/numbers.h"
#include "persistence/aof/segment_list.h"
#include "persistence/io/file_source.h"
#include "persistence/io/lz4_frame.h"
#include "persistence/rdb/rdb_decoder.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/rdb_reader.h"

namespace tarn {
namespace {

constexpr std::size_t kVersionBytes = 4;

Result<std::optional<BasePosition>> position_in(ByteSource& source) {
  RdbDecoder in(source);
  in.raw(rdb::kMagic.size() + kVersionBytes);
  std::optional<std::uint64_t> sequence;
  BasePosition position;
  while (!in.failed() && in.byte() == rdb::kAux) {
    const std::string name(in.string());
    const std::string value(in.string());
    std::uint64_t number = 0;
    if (name == rdb::kAuxAofSequence && parse_uint64(value, number)) sequence = number;
    if (name == rdb::kAuxAofLeft) static_cast<void>(parse_uint64(value, position.left));
    if (name == rdb::kAuxAofTime) static_cast<void>(parse_int64(value, position.time_ms));
  }
  if (in.failed()) return in.error();
  if (!sequence) return std::optional<BasePosition>();
  position.sequence = *sequence;
  return std::optional(position);
}

Result<std::optional<BasePosition>> position_in_commands(const std::string& path) {
  const auto opening = opening_of(path);
  if (!opening) return opening.error();
  if (!*opening) return std::optional<BasePosition>();
  BasePosition position{.sequence = (*opening)->sequence, .time_ms = (*opening)->time_ms};
  if ((*opening)->safe != position.sequence) position.left = (*opening)->safe;
  return std::optional(position);
}

}  // namespace

Result<std::optional<BasePosition>> position_of_base(const std::string& path) {
  const auto first = read_first_bytes(path, rdb::kMagic.size());
  if (!first) return first.error();
  if (!begins_rdb(*first)) return position_in_commands(path);
  auto source = FileSource::open(path);
  if (!source) return source.error();
  if (!first->starts_with(kLz4Magic)) return position_in(**source);
  Lz4Source expanded(**source, {});
  return position_in(expanded);
}

}  // namespace tarn
