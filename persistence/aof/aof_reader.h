#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "persistence/aof/command_sink.h"

namespace tarn {

// Reads a segment of an append-only file: RESP commands, in batches that annotations close.
//
// A batch is run when its checksum has been verified, as a whole or not at all. The batches of a
// base (command_writer.h) have no numbers of their own, and a last line ends it. Where the bytes
// stop making sense, there are two cases:
//
//   torn   what a crash leaves: the log ends within a batch, or a block never reached the disk, and
//          nothing that follows claims that the damaged batch was there. It was acknowledged to
//          nobody who asked for that, and can be cut off.
//   rot    an annotation further on says that the batch was safe (`safe=`), or another segment
//          follows that does not repeat it, or a whole batch follows and no block is missing.
//          Something has damaged it since then.
//
// Files of redis-server, which have no annotations, are run command by command; what MULTI begins
// is run when its EXEC is there. Their torn end is an incomplete command at the end of the file, or
// zeros there; anything else that makes no sense is rot.
//
// redis-server may also have gone on behind our last batch. What it adds begins with SELECT. Who
// asks for it (`adopt_tail_ms`) has it run like a file of redis-server's, and is told the
// annotation that makes it the next batch.
struct AofReadOptions {
  // Where in the file to begin.
  std::uint64_t start = 0;
  bool is_base = false;
  // Batches up to this number are known already and left out.
  std::uint64_t known_sequence = 0;
  // Batches beyond are left out, and the reading ends there.
  std::uint64_t last_sequence = std::numeric_limits<std::uint64_t>::max();
  std::int64_t last_time_ms = std::numeric_limits<std::int64_t>::max();
  // Has whole commands behind the last batch run, as of this Unix time. For the last segment only:
  // what may have been left at the end of another one, a later one repeats.
  std::optional<std::int64_t> adopt_tail_ms{};
  std::uint64_t progress_bytes = 2 << 20;
  std::function<void(std::uint64_t bytes, std::uint64_t commands)> on_progress{};
};

struct AofSegment {
  enum class End { kWhole, kTorn, kRot, kStopped };

  bool annotated = false;
  std::uint64_t commands = 0;        // run
  std::uint64_t batches = 0;         // whole ones
  std::uint64_t first_sequence = 0;  // of the line that it begins with
  std::uint64_t safe = 0;            // the highest that a line of it claims to be safe
  std::uint64_t sequence = 0;        // of the last whole batch
  std::int64_t time_ms = 0;          // of the last whole batch
  std::uint64_t bytes = 0;           // of the file
  std::uint64_t good_bytes = 0;      // where the last whole batch, or command, ends
  std::uint64_t torn_commands = 0;   // whole commands behind that, as far as any can be told
  std::uint64_t adopted_commands = 0;
  std::string adopting_line;  // to be written at good_bytes, where there are any
  End end = End::kWhole;
  std::string damage;  // in words, for kTorn and kRot: offset, expected, found
};

// Fails where the file cannot be read or a command cannot be run; damage is no failure.
Result<AofSegment> read_aof_segment(const std::string& path, const AofReadOptions& options,
                                    CommandSink& sink);

}  // namespace tarn
