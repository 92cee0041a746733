#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace tarn {

// A start with the options of memcached, in our own.
//
//     tarn-memcached -m 256 -l 127.0.0.1 -- --appendonly yes --dir /var/lib/tarn
//
// Options have memcached's meaning and defaults; those of the configuration file may follow behind
// "--", in the form that tarn-server takes, and count more. What an option asks for and does not
// get is an error where clients or the administrator would rely on it, and otherwise a note.
struct MemcachedStart {
  std::vector<std::string> arguments;  // as tarn-server takes them
  std::vector<std::string> notes;      // a line each, for standard error

  std::string answer;  // print this and exit, where it is not empty

  std::string user;             // -u
  bool needs_password = false;  // -S
  bool daemonize = false;       // -d
  bool locks_memory = false;    // -k
  bool maximizes_core = false;  // -r
};

// `arguments` is without the program's name. A file that -Y names is read. Not for threads.
Result<MemcachedStart> translate_memcached_options(std::span<const std::string> arguments);

}  // namespace tarn
