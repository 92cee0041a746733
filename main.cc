#include <cstdio>
#include <string>
#include <vector>

#include "server/app/run.h"
#include "server/app/startup.h"
#include "server/config/config.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto answer = tarn::answer_command_line(arguments)) {
    std::fputs(answer->c_str(), stdout);
    return 0;
  }
  tarn::Config config;
  if (const auto loaded = config.load(arguments); !loaded) return tarn::exit_with(loaded.error());
  return tarn::run_server(config, tarn::DataFiles::kInDirectory, argc, argv);
}
