#pragma once

#include <string_view>

#include "server/config/options.h"
#include "server/engine/client_registry.h"
#include "server/engine/session.h"

namespace tarn {

// Who a client is. There is one user, "default", whose password is requirepass.

// Makes the session the default user's, as every connection begins: authenticated already where no
// password is asked for.
void become_default_user(Session& session, const Options& options);

// Takes the session for this user's if the password is right; otherwise nothing changes.
[[nodiscard]] bool authenticate(Session& session, const Options& options, std::string_view user,
                                std::string_view password);

// After requirepass changed: sessions that have authenticated stay so, the others have to, or no
// longer have to.
void require_authentication(const ClientRegistry& clients, bool required);

}  // namespace tarn
