#pragma once

#include <cstdint>
#include <string_view>

#include "server/config/options.h"
#include "server/engine/client_registry.h"
#include "server/engine/session.h"

namespace tarn {

// Who a client is. There is one user, "default", whose password is requirepass.

// Makes the session the default user's, as every connection begins: authenticated already where no
// password is asked for.
void become_default_user(Session& session, const Options& options);

// Who logs in, over either protocol.
class Logins {
 public:
  explicit Logins(const Options& options) : options_(options) {}

  // Takes the session for this user's if the password is right; otherwise it stays whose it was.
  [[nodiscard]] bool authenticate(Session& session, std::string_view user,
                                  std::string_view password);
  // How many had a wrong name or password since the start.
  std::uint64_t refused() const { return refused_; }

 private:
  const Options& options_;
  std::uint64_t refused_ = 0;
};

// After requirepass changed: sessions that have authenticated stay so, the others have to, or no
// longer have to.
void require_authentication(const ClientRegistry& clients, bool required);

}  // namespace tarn
