#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/config/options.h"
#include "server/net/listener.h"
#include "server/net/net_loop.h"

namespace tarn {

// Where clients of one protocol may connect.
struct ListenAddresses {
  const std::vector<std::string>& hosts;  // one that starts with "-" may be missing here
  int port;                               // 0: no TCP
  const std::string& unix_path;           // empty: none
  unsigned unix_permissions;
  int backlog;
};
ListenAddresses resp_addresses(const Options& options);
ListenAddresses memcached_addresses(const Options& options);

// The listening sockets of one protocol.
class Listeners {
 public:
  Listeners(NetLoop& loop, Listener::Accept accept) : loop_(loop), accept_(std::move(accept)) {}
  // Removes the file of the unix socket.
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Opens all of them and accepts.
  Result<> open(const ListenAddresses& addresses);
  // Closes the TCP sockets and opens those that the options ask for now.
  Result<> reopen_tcp(const ListenAddresses& addresses);
  bool any() const { return !tcp_.empty() || unix_ != nullptr; }

 private:
  Result<> open_tcp(const ListenAddresses& addresses);
  Result<> open_unix(const ListenAddresses& addresses);

  NetLoop& loop_;
  Listener::Accept accept_;
  std::vector<std::unique_ptr<Listener>> tcp_;
  std::unique_ptr<Listener> unix_;
  std::string unix_path_;  // absolute
};

}  // namespace tarn
