#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/config/options.h"
#include "server/net/listener.h"
#include "server/net/net_loop.h"

namespace tarn {

// The listening sockets that the options ask for.
class Listeners {
 public:
  Listeners(NetLoop& loop, Listener::Accept accept) : loop_(loop), accept_(std::move(accept)) {}
  // Removes the file of the unix socket.
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Opens all of them and accepts.
  Result<> open(const Options& options);
  // Closes the TCP sockets and opens those that the options ask for now.
  Result<> reopen_tcp(const Options& options);

 private:
  Result<> open_tcp(const Options& options);
  Result<> open_unix(const Options& options);

  NetLoop& loop_;
  Listener::Accept accept_;
  std::vector<std::unique_ptr<Listener>> tcp_;
  std::unique_ptr<Listener> unix_;
  std::string unix_path_;  // absolute
};

}  // namespace tarn
