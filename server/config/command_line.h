#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/config/config_file.h"

namespace tarn {

// What the arguments of the program (its name left out) ask for. The first is a configuration file
// unless it starts with '-'; "-" as the first or the last stands for standard input; the rest are
// options: each "--name", then its values, or all of it in one argument ("--port 7000"), which is
// split as a line of the file is. What follows a bare "--name" is its value, even if it starts with
// "--"; `save` alone may go without ("--save" is "--save ''").
struct CommandLine {
  std::string config_file;  // as given; empty: none
  bool reads_stdin = false;
  std::vector<Directive> options;  // origin: kCommandLine
};

Result<CommandLine> parse_command_line(std::span<const std::string> arguments);

}  // namespace tarn
