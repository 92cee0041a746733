#pragma once

#include <functional>
#include <string_view>

namespace tarn {

// The packed collections of Redis's files, read from bytes of any origin.
//
// Each function calls `visit` with the elements' texts in order (numbers as digits; a view is valid
// during the call), until it returns false. Returns false if the bytes are not what they should be
// in every respect: no element reaches beyond them, what points back points at an element's start,
// and the counts are right.
using VisitPacked = std::function<bool(std::string_view text)>;

// Redis 7: lists, hashes, sets, sorted sets.
[[nodiscard]] bool read_listpack(std::string_view bytes, const VisitPacked& visit);
// Redis 2.6 to 6.2: the same.
[[nodiscard]] bool read_ziplist(std::string_view bytes, const VisitPacked& visit);
// Redis before 2.6: hashes. Fields and values in turn.
[[nodiscard]] bool read_zipmap(std::string_view bytes, const VisitPacked& visit);
// Sets of integers, ascending.
[[nodiscard]] bool read_intset(std::string_view bytes, const VisitPacked& visit);

}  // namespace tarn
