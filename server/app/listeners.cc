#include "server/app/listeners.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/log.h"

namespace tarn {

ListenAddresses resp_addresses(const Options& options) {
  return {options.bind, options.port, options.unixsocket, options.unixsocketperm,
          options.tcp_backlog};
}

ListenAddresses memcached_addresses(const Options& options) {
  return {options.memcached_bind, options.memcached_port, options.memcached_unixsocket,
          options.memcached_unixsocketperm, options.tcp_backlog};
}

Listeners::~Listeners() {
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

Result<> Listeners::open(const ListenAddresses& addresses) {
  if (const auto opened = open_tcp(addresses); !opened) return opened;
  return open_unix(addresses);
}

Result<> Listeners::reopen_tcp(const ListenAddresses& addresses) {
  tcp_.clear();
  return open_tcp(addresses);
}

Result<> Listeners::open_tcp(const ListenAddresses& addresses) {
  if (addresses.port == 0) return {};
  std::vector<std::unique_ptr<Listener>> all;
  for (std::string host : addresses.hosts) {
    const bool optional = host.starts_with('-');
    if (optional) host.erase(0, 1);
    auto opened = listen_tcp(loop_, host, addresses.port, addresses.backlog);
    if (!opened && optional) {
      log::info("Not listening on the optional address {}: {}", host, opened.error().message);
      continue;
    }
    if (!opened) return opened.error();
    for (auto& listener : *opened) all.push_back(std::move(listener));
  }
  tcp_ = std::move(all);
  for (auto& listener : tcp_) listener->start(accept_);
  return {};
}

Result<> Listeners::open_unix(const ListenAddresses& addresses) {
  if (addresses.unix_path.empty()) return {};
  auto opened =
      listen_unix(loop_, addresses.unix_path, addresses.unix_permissions, addresses.backlog);
  if (!opened) return opened.error();
  unix_ = std::move(*opened);
  std::error_code fault;
  unix_path_ = std::filesystem::absolute(addresses.unix_path, fault).string();
  unix_->start(accept_);
  return {};
}

}  // namespace tarn
