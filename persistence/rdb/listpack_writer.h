#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tarn {

// Builds a listpack, the packed list of Redis's files:
//
//     total bytes 4 | elements 2 | element | element ... | 0xff      (numbers little-endian)
//
// An element is a tag with its payload, and, so that lists can be walked backwards, the number of
// bytes of these, base 128, high groups first, each but the first with its upper bit set. Texts
// that spell integers are stored as such. 65,535 elements and more are not counted.
class ListpackWriter {
 public:
  ListpackWriter() { clear(); }

  void clear();
  void add(std::string_view text);
  void add(std::int64_t integer);

  bool empty() const { return elements_ == 0; }
  // What it takes so far.
  std::size_t bytes() const { return bytes_.size() + 1; }
  // The complete listpack; nothing may be added before clear().
  std::string_view finish();

 private:
  void add_string(std::string_view text);
  void end_element(std::size_t start);

  std::string bytes_;
  std::size_t elements_ = 0;
};

}  // namespace tarn
