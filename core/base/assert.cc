#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace tarn {

void assertion_failed(const char* expression, const char* file, unsigned line,
                      const char* function) {
  std::fprintf(stderr, "%s:%u: assertion failed in %s: %s\n", file, line, function, expression);
  std::abort();
}

}  // namespace tarn
