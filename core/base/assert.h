#pragma once

namespace tarn {

// Reports a broken invariant of our own and aborts; the crash handler adds the stack trace.
[[noreturn]] void assertion_failed(const char* expression, const char* file, unsigned line,
                                   const char* function);

}  // namespace tarn

// Stays on in release builds. For faults that only a bug of ours can cause; whatever a user, a peer
// or a disk can cause is a Result instead.
#define TARN_ASSERT(expression)                       \
  (__builtin_expect(static_cast<bool>(expression), 1) \
       ? static_cast<void>(0)                         \
       : ::tarn::assertion_failed(#expression, __FILE__, __LINE__, __func__))
