#pragma once

#include <string_view>

#include "server/config/options.h"

namespace tarn {

// What watches over this process and wants to hear how it is: systemd, or nobody.
class ServiceManager {
 public:
  // `supervised auto` looks at the environment.
  explicit ServiceManager(Supervision wanted);

  // "systemd" or "no", as INFO tells it.
  std::string_view name() const { return systemd_ ? "systemd" : "no"; }
  bool present() const { return systemd_; }

  void ready() const;
  void stopping() const;

 private:
  void tell(const char* state) const;

  bool systemd_ = false;
};

}  // namespace tarn
