#pragma once

#include <string_view>

#include "server/config/options.h"

namespace tarn {

// What watches over this process and wants to hear how it is: systemd, upstart, or nobody.
class ServiceManager {
 public:
  // `supervised auto` looks at the environment. Without what a manager leaves there, nobody is told
  // by `supervised upstart`, which would stop for good.
  explicit ServiceManager(Supervision wanted);

  // "systemd", "upstart" or "no", as INFO tells it.
  std::string_view name() const;

  // Tells upstart (`expect stop`) by stopping the process, until upstart lets it go on.
  void ready() const;
  void stopping() const;

 private:
  void tell_systemd(const char* state) const;

  Supervision by_ = Supervision::kNo;  // never kAuto
};

}  // namespace tarn
