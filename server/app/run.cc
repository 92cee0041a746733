#include "server/app/run.h"

#include <cstdio>

#include "core/base/log.h"
#include "server/app/app.h"
#include "server/app/invocation.h"
#include "server/app/process_title.h"
#include "server/app/startup.h"

namespace tarn {

int exit_with(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int run_server(Config& config, DataFiles files, int argc, char** argv) {
  const Invocation invocation(argc, argv);
  if (const auto started = start_process(config, files); !started)
    return exit_with(started.error());
  ProcessTitle title(argc, argv);
  App app(config, title, invocation);
  if (const auto listening = app.listen(); !listening) {
    log::warn("{}", listening.error().message);
    return 1;
  }
  if (const auto loaded = app.load(files); !loaded) {
    log::warn("{}", loaded.error().message);
    return 1;
  }
  app.run();
  return 0;
}

}  // namespace tarn
