#pragma once

#ifdef TARN_JEMALLOC

#include <jemalloc/jemalloc.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tarn {

// A value of jemalloc's by its name, which has so many parts and is looked up once.
template <std::size_t kParts>
class MallocControl {
 public:
  explicit MallocControl(const std::string& name) {
    std::size_t parts = kParts;
    known_ = ::mallctlnametomib(name.c_str(), parts_.data(), &parts) == 0 && parts == kParts;
  }

  bool known() const { return known_; }
  // The same of another arena, size class or the like, where the name has a number.
  void set_number(std::size_t part, std::size_t number) { parts_[part] = number; }

  // 0 where there is none.
  template <class Value = std::size_t>
  std::size_t read() const {
    Value value = 0;
    std::size_t bytes = sizeof value;
    if (!known_ || ::mallctlbymib(parts_.data(), kParts, &value, &bytes, nullptr, 0) != 0) return 0;
    return value;
  }
  template <class Value>
  void write(Value value) const {
    if (!known_) return;
    static_cast<void>(
        ::mallctlbymib(parts_.data(), kParts, nullptr, nullptr, &value, sizeof value));
  }
  // Returns whether `out` was filled with what jemalloc says of `about`.
  template <class About, class Out>
  bool ask(const About& about, Out& out) const {
    std::size_t bytes = sizeof out;
    About question = about;
    return known_ &&
           ::mallctlbymib(parts_.data(), kParts, &out, &bytes, &question, sizeof question) == 0;
  }

 private:
  std::array<std::size_t, kParts> parts_{};
  bool known_ = false;
};

// jemalloc's figures stand still until then.
inline void count_malloc_anew() {
  static const MallocControl<1> kEpoch("epoch");
  std::uint64_t epoch = 1;
  static_cast<void>(kEpoch.ask(epoch, epoch));
}

}  // namespace tarn

#endif
