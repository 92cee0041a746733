#pragma once

#include <string>
#include <utility>
#include <variant>

#include "core/base/assert.h"

namespace tarn {

// What went wrong, in words that name the thing, the place and the way out; shown to users as is.
struct Error {
  std::string message;
};

// Either a T or an Error: the outcome of whatever a user, a peer, the disk or the network can make
// fail. Faults that only our own bugs can cause are assertions, not Results.
template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok()
  const Error& error() const {
    TARN_ASSERT(!ok());
    return std::get<1>(state_);
  }

 private:
  T& value() {
    TARN_ASSERT(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    TARN_ASSERT(ok());
    return std::get<0>(state_);
  }

  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  // REQUIRES: !ok()
  const Error& error() const {
    TARN_ASSERT(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace tarn
