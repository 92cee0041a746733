#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/format.h"

namespace tarn {

// Writes the "name:value" lines of INFO.
class InfoWriter {
 public:
  explicit InfoWriter(std::string& out) : out_(out) {}

  template <class T>
  void field(std::string_view name, const T& value) {
    append_format(out_, "{}:{}\r\n", name, value);
  }
  void flag(std::string_view name, bool value) { field(name, value ? 1 : 0); }

  // A value of several parts: format("db0", "keys={},expires={}", 1, 0).
  template <class... Args>
  void format(std::string_view name, fmt::format_string<Args...> value, const Args&... args) {
    append_format(out_, "{}:", name);
    append_format(out_, value, args...);
    out_ += "\r\n";
  }

  // An amount of memory, in bytes and again, as "<name>_human", for people.
  void memory(std::string_view name, std::uint64_t bytes);

 private:
  std::string& out_;
};

// What the INFO command tells, as sections that the features of the server register: a section is
// one function.
class Info {
 public:
  using Section = std::function<void(InfoWriter&)>;
  enum class Shown : std::uint8_t { kAlways, kOnDemand };  // without naming it, or not

  // `title` is as printed; in lower case it is the name that clients ask for. Sections are told in
  // the order in which they were added.
  void add(std::string_view title, Shown shown, Section section);

  // The sections of these names (any case), each once; unknown ones are left out. "default" and no
  // names at all stand for those always shown, "all" and "everything" for every one.
  std::string report(std::span<const std::string_view> names = {}) const;

 private:
  struct Row {
    std::string title;
    std::string name;
    Shown shown;
    Section section;
  };

  static bool wanted(const Row& row, std::span<const std::string_view> names);

  std::vector<Row> rows_;
};

}  // namespace tarn
