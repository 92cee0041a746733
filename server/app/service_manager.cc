#include "server/app/service_manager.h"

#include <systemd/sd-daemon.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "core/base/log.h"

namespace tarn {

ServiceManager::ServiceManager(Supervision wanted) {
  const bool has_job = std::getenv("UPSTART_JOB") != nullptr;
  const bool has_socket = std::getenv("NOTIFY_SOCKET") != nullptr;
  switch (wanted) {
    case Supervision::kNo: return;
    case Supervision::kAuto:
      if (has_job)
        by_ = Supervision::kUpstart;
      else if (has_socket)
        by_ = Supervision::kSystemd;
      return;
    case Supervision::kSystemd:
      by_ = Supervision::kSystemd;
      if (!has_socket) log::warn("supervised by systemd, but NOTIFY_SOCKET is not set");
      return;
    case Supervision::kUpstart:
      if (has_job)
        by_ = Supervision::kUpstart;
      else
        log::warn("supervised by upstart, but UPSTART_JOB is not set; going on unsupervised");
      return;
  }
}

std::string_view ServiceManager::name() const {
  switch (by_) {
    case Supervision::kSystemd: return "systemd";
    case Supervision::kUpstart: return "upstart";
    default: return "no";
  }
}

void ServiceManager::ready() const {
  tell_systemd("STATUS=Ready to accept connections\nREADY=1\n");
  if (by_ != Supervision::kUpstart) return;
  ::unsetenv("UPSTART_JOB");  // the job is not its children's
  std::raise(SIGSTOP);
}

void ServiceManager::stopping() const { tell_systemd("STATUS=Shutting down\nSTOPPING=1\n"); }

void ServiceManager::tell_systemd(const char* state) const {
  if (by_ != Supervision::kSystemd) return;
  if (const int sent = ::sd_notify(0, state); sent < 0) {
    log::warn("Cannot notify systemd: {}", std::strerror(-sent));
  }
}

}  // namespace tarn
