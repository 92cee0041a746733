#include "server/engine/authentication.h"

#include "server/engine/gates.h"

namespace tarn {
namespace {

// Takes as long wherever the first difference is, so that the time does not tell.
bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

void set_gate(Session& session, bool raised) {
  session.gates =
      raised ? session.gates | kAuthenticationGate : session.gates & ~GateMask{kAuthenticationGate};
}

}  // namespace

void become_default_user(Session& session, const Options& options) {
  session.user = "default";
  session.authenticated = options.requirepass.empty();
  set_gate(session, !session.authenticated);
}

bool Logins::authenticate(Session& session, std::string_view user, std::string_view password) {
  const bool right =
      options_.requirepass.empty() || equal_in_constant_time(password, options_.requirepass);
  if (user != "default" || !right) {
    ++refused_;
    return false;
  }
  session.user = user;
  session.authenticated = true;
  set_gate(session, false);
  return true;
}

void require_authentication(const ClientRegistry& clients, bool required) {
  for (const auto& [id, session] : clients.sessions()) {
    if (!session->authenticated) set_gate(*session, required);
  }
}

}  // namespace tarn
