#include "server/commands/database_index.h"

#include <cstdint>
#include <limits>

namespace tarn {
namespace {

using Int = std::numeric_limits<std::int32_t>;

constexpr std::string_view kNotInt =
    "ERR value is out of range, value must between -2147483648 and 2147483647";

}  // namespace

std::size_t next_database(ArgReader& args, const Databases& databases) {
  const std::int64_t index = args.integer();
  if (index < Int::min() || index > Int::max()) args.fail(kNotInt);
  if (index < 0 || static_cast<std::size_t>(index) >= databases.size()) {
    args.fail(errors::kDbIndexOutOfRange);
  }
  return args.ok() ? static_cast<std::size_t>(index) : 0;
}

}  // namespace tarn
