#pragma once

#include <cstddef>
#include <memory>

namespace tarn {

// Destroys what has many parts, and gives back large mappings, on a thread of its own: that can
// take tens of milliseconds that the thread of commands does not have. What is handed over must be
// reachable from nowhere else. The thread starts with the first use; a forked child has none and
// destroys on the spot. A single piece of malloc's memory is no such thing, however large: freeing
// it takes microseconds, and malloc's own thread gives it back to the system later.
class Reclaimer {
 public:
  // Runs `destroy(object)` on the helper thread, soon.
  static void destroy_later(void* object, void (*destroy)(void*));

  template <class T>
  static void destroy_later(std::unique_ptr<T> object) {
    destroy_later(object.release(), [](void* raw) { delete static_cast<T*>(raw); });
  }

  // Objects handed over and not yet destroyed.
  static std::size_t pending();
  // Objects destroyed since the start.
  static std::size_t completed();
  // Returns when everything handed over so far is gone.
  static void drain();
};

}  // namespace tarn
