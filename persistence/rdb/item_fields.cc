#include "persistence/rdb/item_fields.h"

#include <charconv>
#include <string>

#include "persistence/rdb/rdb_format.h"

namespace tarn {

void write_aux(RdbEncoder& out, std::string_view name, std::string_view value) {
  out.byte(rdb::kAux);
  out.string(name);
  out.string(value);
}

void ItemFields::write(RdbEncoder& out, const Entry& entry) {
  if (entry.has_client_flags()) {
    write_aux(out, rdb::kAuxClientFlags, std::to_string(entry.client_flags()));
  }
  if (entry.awaits_value()) write_aux(out, rdb::kAuxStale, "1");
}

bool ItemFields::take(RdbDecoder& in, std::string_view name, std::string_view value) {
  if (name == rdb::kAuxStale) {
    stale = true;
    return true;
  }
  if (name != rdb::kAuxClientFlags) return false;
  const char* const end = value.data() + value.size();
  const auto [last, fault] = std::from_chars(value.data(), end, client_flags);
  if (fault != std::errc() || last != end) in.fail("expected client flags of 32 bits");
  return true;
}

}  // namespace tarn
