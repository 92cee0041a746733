#include "server/engine/args.h"

#include "core/base/numbers.h"

namespace tarn {

std::string_view ArgReader::next() {
  if (at_end()) {
    fail_syntax();
    return {};
  }
  return call_.args[at_++];
}

bool ArgReader::accept(std::string_view lower, std::size_t following) {
  if (remaining() <= following || !equals_ignoring_case(peek(), lower)) return false;
  ++at_;
  return true;
}

std::int64_t ArgReader::integer(std::string_view error) {
  std::int64_t value = 0;
  const std::string_view text = next();
  if (ok() && !parse_int64(text, value)) fail(error);
  return ok() ? value : 0;
}

std::int64_t ArgReader::integer_in(std::int64_t min, std::int64_t max, std::string_view error) {
  const std::int64_t value = integer(error);
  if (ok() && (value < min || value > max)) fail(error);
  return ok() ? value : min;
}

long double ArgReader::real(std::string_view error) {
  long double value = 0;
  const std::string_view text = next();
  if (ok() && !parse_long_double(text, value)) fail(error);
  return ok() ? value : 0;
}

void ArgReader::fail(std::string_view error) {
  if (ok()) error_ = error;
}

bool ArgReader::failed() {
  if (ok()) return false;
  call_.reply.error(error_);
  return true;
}

void refuse_argument_count(Call& call) {
  call.reply.error("ERR wrong number of arguments for '" + call.command.full_name + "' command");
}

}  // namespace tarn
