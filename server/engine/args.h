#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/ascii.h"
#include "server/engine/call.h"

namespace tarn {

// Reads a call's arguments from left to right. The first error is kept, and from then on every read
// yields a harmless value; so a handler reads everything, asks failed() once, which also sends the
// error, and only then touches the keyspace:
//
//     ArgReader args(call, 1);
//     const std::string_view key = args.next();
//     const std::int64_t count = args.integer();
//     if (args.failed()) return;
class ArgReader {
 public:
  ArgReader(Call& call, std::size_t first) : call_(call), at_(first) {}

  Call& call() const { return call_; }

  bool at_end() const { return at_ >= call_.args.size(); }
  std::size_t position() const { return at_; }
  std::size_t remaining() const { return at_end() ? 0 : call_.args.size() - at_; }

  // The next argument, taken; a syntax error where there is none.
  std::string_view next();
  std::string_view peek() const { return at_end() ? std::string_view() : call_.args[at_]; }

  // Takes the next argument if it is this word (given in lower case) and `following` more come
  // after it.
  bool accept(std::string_view lower, std::size_t following = 0);

  std::int64_t integer(std::string_view error = errors::kNotInteger);
  std::int64_t integer_in(std::int64_t min, std::int64_t max,
                          std::string_view error = errors::kNotInteger);
  long double real(std::string_view error = errors::kNotFloat);

  // Latches an error of the handler's own, unless there is one already.
  void fail(std::string_view error);
  // For an argument that no option matched.
  void fail_syntax() { fail(errors::kSyntax); }

  bool ok() const { return error_.empty(); }
  // Whether anything went wrong; if so, the error has been sent.
  bool failed();

 private:
  Call& call_;
  std::size_t at_;
  std::string_view error_;
};

// Sends what the dispatcher would, for a number of arguments that the row's arity lets through.
void refuse_argument_count(Call& call);

}  // namespace tarn
