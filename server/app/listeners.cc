#include "server/app/listeners.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace tarn {

Listeners::~Listeners() {
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

Result<> Listeners::open(const Options& options) {
  if (const auto opened = open_tcp(options); !opened) return opened;
  if (const auto opened = open_unix(options); !opened) return opened;
  if (tcp_.empty() && unix_ == nullptr) {
    return Error{"Configured to not listen anywhere, exiting."};
  }
  return {};
}

Result<> Listeners::reopen_tcp(const Options& options) {
  tcp_.clear();
  return open_tcp(options);
}

Result<> Listeners::open_tcp(const Options& options) {
  if (options.port == 0) return {};
  std::vector<std::unique_ptr<Listener>> all;
  for (std::string host : options.bind) {
    const bool optional = host.starts_with('-');
    if (optional) host.erase(0, 1);
    auto opened = listen_tcp(loop_, host, options.port, options.tcp_backlog);
    if (!opened && optional) {
      spdlog::info("Not listening on the optional address {}: {}", host, opened.error().message);
      continue;
    }
    if (!opened) return opened.error();
    for (auto& listener : *opened) all.push_back(std::move(listener));
  }
  tcp_ = std::move(all);
  for (auto& listener : tcp_) listener->start(accept_);
  return {};
}

Result<> Listeners::open_unix(const Options& options) {
  if (options.unixsocket.empty()) return {};
  auto opened = listen_unix(loop_, options.unixsocket, options.unixsocketperm, options.tcp_backlog);
  if (!opened) return opened.error();
  unix_ = std::move(*opened);
  std::error_code fault;
  unix_path_ = std::filesystem::absolute(options.unixsocket, fault).string();
  unix_->start(accept_);
  return {};
}

}  // namespace tarn
