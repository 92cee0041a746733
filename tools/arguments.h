#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace tarn {

// The words of a command line: "--name VALUE", "--flag", and the rest, in any order.
class Arguments {
 public:
  static Result<Arguments> parse(int argc, char** argv, const std::set<std::string>& flags,
                                 const std::set<std::string>& names);

  bool has(const std::string& name) const { return values_.contains(name); }
  // What is given for the name, or else `otherwise`.
  std::string value(const std::string& name, const std::string& otherwise = {}) const;
  const std::vector<std::string>& rest() const { return rest_; }

 private:
  std::map<std::string, std::string> values_;
  std::vector<std::string> rest_;
};

// Runs a tool; what the library throws (no memory, a folder that cannot be read) is printed.
int run_guarded(int (*run)(int argc, char** argv), int argc, char** argv);

// Prints the error, and the usage where there is one; returns the exit status.
int fail(const Error& error, const char* usage = nullptr);

}  // namespace tarn
