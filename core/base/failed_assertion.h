#pragma once

namespace tarn {

struct FailedAssertion {
  const char* expression;
  const char* file;
  unsigned line;
  const char* function;
};

// The assertion that is ending this process, for the crash report; nullptr if none is.
const FailedAssertion* failed_assertion();

}  // namespace tarn
