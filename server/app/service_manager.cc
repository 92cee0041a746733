#include "server/app/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>

#include "core/base/log.h"

namespace tarn {

ServiceManager::ServiceManager(Supervision wanted) {
  const bool has_socket = std::getenv("NOTIFY_SOCKET") != nullptr;
  switch (wanted) {
    case Supervision::kNo: return;
    case Supervision::kAuto: systemd_ = has_socket; return;
    case Supervision::kSystemd:
      systemd_ = true;
      if (!has_socket) log::warn("supervised by systemd, but NOTIFY_SOCKET is not set");
      return;
    case Supervision::kUpstart:
      log::warn("supervised by upstart is not supported; going on unsupervised");
      return;
  }
}

void ServiceManager::ready() const { tell("STATUS=Ready to accept connections\nREADY=1\n"); }

void ServiceManager::stopping() const { tell("STATUS=Shutting down\nSTOPPING=1\n"); }

void ServiceManager::tell(const char* state) const {
  if (!systemd_) return;
  if (const int sent = ::sd_notify(0, state); sent < 0) {
    log::warn("Cannot notify systemd: {}", std::strerror(-sent));
  }
}

}  // namespace tarn
