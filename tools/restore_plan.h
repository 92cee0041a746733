#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/moment.h"
#include "tools/restore_folder.h"

namespace tarn {

// Which files, and how much of them, show the data of some moment.
//
//  1. The newest base that is not beyond the moment is verified.
//  2. From the segment that goes on from it, one follows the other without a gap, each batch's
//     checksum verified, up to the last batch of the moment. Where a sync had failed, a later
//     segment says again what an earlier one may lack.
//  3. Batches beyond the moment are a history that is left. What comes after the return gets
//     numbers beyond them, and so do its files.
//
// Invariant: what a plan has is exactly base and all batches behind it up to `sequence`.
struct RestorePlan {
  RestorePiece base;
  std::uint64_t base_sequence = 0;
  std::int64_t base_time_ms = 0;
  std::uint64_t base_keys = 0;
  std::vector<RestorePiece> segments;  // at least one

  // What is reached: the last batch, its time, the file that has it, and the commands since base.
  std::uint64_t sequence = 0;
  std::int64_t time_ms = 0;
  std::string file;
  std::uint64_t commands = 0;
  std::string torn;  // the end of the last file, in words, if it is torn

  std::uint64_t left_batches = 0;      // the last batch that there is beyond `sequence`; 0 for none
  std::uint64_t last_base_number = 0;  // that the folder has
  std::uint64_t last_segment_number = 0;
};

// An error says which file is damaged or missing, and how far one could go.
Result<RestorePlan> plan_restore(const std::string& folder, const std::string& name,
                                 const Moment& moment);

}  // namespace tarn
