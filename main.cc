#include <spdlog/spdlog.h>

#include <cstdio>
#include <string>
#include <vector>

#include "server/app/app.h"
#include "server/app/process_title.h"
#include "server/app/startup.h"
#include "server/config/config.h"

namespace {

int fail(const tarn::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto answer = tarn::answer_command_line(arguments)) {
    std::fputs(answer->c_str(), stdout);
    return 0;
  }
  tarn::Config config;
  if (const auto loaded = config.load(arguments); !loaded) return fail(loaded.error());
  if (const auto started = tarn::start_process(config); !started) return fail(started.error());

  tarn::ProcessTitle title(argc, argv);
  tarn::App app(config, title);
  if (const auto listening = app.listen(); !listening) {
    spdlog::warn("{}", listening.error().message);
    return 1;
  }
  if (const auto loaded = app.load(); !loaded) {
    spdlog::warn("{}", loaded.error().message);
    return 1;
  }
  app.run();
  return 0;
}
