#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace tarn {

// Values by prefix, to find those of all prefixes of a text without looking at the others.
//
// The prefixes are kept in order. Those of a text are found from the longest to the shortest:
//
//  1. The greatest prefix in the map that is not greater than the text is either a prefix of it, or
//     it leaves the text at some byte, and so does every prefix in the map that is longer than what
//     the two have in common.
//  2. So the search goes on with the text cut to one byte less than the prefix that was found, or
//     to what it had in common with the one that was not.
//
// Every step shortens the text: a search takes at most one O(log n) step for each of its bytes, and
// commonly two or three in all.
template <class Value>
class PrefixMap {
 public:
  Value& operator[](std::string_view prefix) {
    const auto at = map_.find(prefix);
    return at != map_.end() ? at->second : map_.emplace(prefix, Value()).first->second;
  }
  Value* find(std::string_view prefix) {
    const auto at = map_.find(prefix);
    return at == map_.end() ? nullptr : &at->second;
  }
  void erase(std::string_view prefix) {
    if (const auto at = map_.find(prefix); at != map_.end()) map_.erase(at);
  }
  std::size_t size() const { return map_.size(); }
  bool empty() const { return map_.empty(); }

  // Calls visit(Value&) for every prefix of `text`, itself and the empty one included.
  template <class Visit>
  void visit_prefixes_of(std::string_view text, Visit visit) {
    if (map_.empty()) return;
    for (;;) {
      auto at = map_.upper_bound(text);
      if (at == map_.begin()) return;
      --at;
      const std::string_view found = at->first;
      if (text.starts_with(found)) {
        visit(at->second);
        if (found.empty()) return;
        text = text.substr(0, found.size() - 1);
      } else {
        const auto parting =
            std::mismatch(found.begin(), found.end(), text.begin(), text.end()).first;
        text = text.substr(0, static_cast<std::size_t>(parting - found.begin()));
      }
    }
  }

  // Calls visit(prefix, Value&) for all, in order.
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [prefix, value] : map_) visit(std::string_view(prefix), value);
  }

 private:
  std::map<std::string, Value, std::less<>> map_;
};

}  // namespace tarn
