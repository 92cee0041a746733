#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/net/connection.h"
#include "server/net/net_loop.h"

namespace tarn {

// A listening socket: hands every connection it accepts, made non-blocking and close-on-exec, to
// its owner.
class Listener {
 public:
  using Accept = std::function<void(int fd, Connection::Addresses addresses)>;

  virtual ~Listener() = default;

  // Begins to accept.
  virtual void start(Accept accept) = 0;
  // "127.0.0.1:6379", or the path of a unix socket.
  virtual const std::string& name() const = 0;
};

// Listens on every address that `host` stands for: an IPv4 or IPv6 address, "*" (all of IPv4),
// "::*" (all of IPv6) or a name.
Result<std::vector<std::unique_ptr<Listener>>> listen_tcp(NetLoop& loop, const std::string& host,
                                                          int port, int backlog);

// Listens on a unix socket, in place of what a dead server left there. `permissions` 0 leaves them
// to the umask.
Result<std::unique_ptr<Listener>> listen_unix(NetLoop& loop, const std::string& path,
                                              unsigned permissions, int backlog);

// Sets what an accepted TCP socket needs. keepalive_s 0 means none.
void configure_tcp(int fd, int keepalive_s);

}  // namespace tarn
