#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>

#include "core/base/failed_assertion.h"

namespace tarn {
namespace {

FailedAssertion failed{};
const FailedAssertion* last = nullptr;

}  // namespace

void assertion_failed(const char* expression, const char* file, unsigned line,
                      const char* function) {
  failed = {expression, file, line, function};
  last = &failed;
  std::fprintf(stderr, "%s:%u: assertion failed in %s: %s\n", file, line, function, expression);
  std::abort();
}

const FailedAssertion* failed_assertion() { return last; }

}  // namespace tarn
