#include "tools/arguments.h"

#include <csignal>
#include <cstdio>
#include <exception>

namespace tarn {

Result<Arguments> Arguments::parse(int argc, char** argv, const std::set<std::string>& flags,
                                   const std::set<std::string>& names) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (flags.contains(word)) {
      arguments.values_[word] = "yes";
    } else if (names.contains(word)) {
      if (i + 1 == argc) return Error{word + " needs a value"};
      arguments.values_[word] = argv[++i];
    } else if (word.starts_with("--")) {
      return Error{"Unknown option " + word};
    } else {
      arguments.rest_.push_back(word);
    }
  }
  return arguments;
}

std::string Arguments::value(const std::string& name, const std::string& otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

int run_guarded(int (*run)(int argc, char** argv), int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit (ulimit -f) is a write that fails
  try {
    return run(argc, argv);
  } catch (const std::exception& fault) {
    return fail(Error{fault.what()});
  }
}

int fail(const Error& error, const char* usage) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  if (usage != nullptr) std::fputs(usage, stderr);
  return 1;
}

}  // namespace tarn
