#pragma once

#include <cstddef>
#include <memory>

namespace tarn {

// Gives large memory back to the system on a thread of its own: unmapping half a gigabyte takes
// tens of milliseconds that the thread of commands does not have. What is handed over must be
// reachable from nowhere else. The thread starts with the first use; a forked child has none and
// frees on the spot.
class Reclaimer {
 public:
  // Runs `destroy(object)` on the helper thread, soon.
  static void destroy_later(void* object, void (*destroy)(void*));

  template <class T>
  static void destroy_later(std::unique_ptr<T> object) {
    destroy_later(object.release(), [](void* raw) { delete static_cast<T*>(raw); });
  }

  // The same for a piece of malloc's memory of so many bytes.
  static void free_later(void* memory, std::size_t bytes);
  // What of such pieces nobody has begun to free. One that would take long does not count: it is as
  // good as gone.
  static std::size_t waiting_bytes();
  // Frees one of those that count here and now, for a caller who cannot wait for the thread, which
  // may not be given a processor for a while. Returns false where none is left.
  static bool free_one();

  // Objects handed over and not yet destroyed.
  static std::size_t pending();
  // Objects destroyed since the start.
  static std::size_t completed();
  // Returns when everything handed over so far is gone.
  static void drain();
};

}  // namespace tarn
