#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/memcached/items.h"
#include "server/memcached/key_code.h"

namespace tarn::memcached {

// A meta command: its key, and what its flags say. A flag is a word of one letter and, for some
// letters, a token behind it. Every command takes the letters of all, and leaves out those that
// mean nothing to it.
class MetaRequest {
 public:
  // The words from `first_flag` to before `end`. Where they are wrong, error() says how, and
  // nothing else may be asked.
  MetaRequest(Call& call, std::size_t first_flag, std::size_t end);

  std::string_view error() const { return error_; }
  // The error is about what a flag, or the key's encoding, says: something that not all commands
  // tell in detail.
  bool flags_are_wrong() const { return flags_are_wrong_; }

  const Key& key() const { return *key_; }
  std::span<const std::string_view> flags() const { return flags_; }
  bool has(char letter) const { return (letters_ & bit(letter)) != 0; }

  bool quiet() const { return has('q'); }
  std::optional<Expiry> ttl() const { return expiry_of('T', ttl_); }
  std::optional<Expiry> vivify() const { return expiry_of('N', vivify_); }
  std::optional<std::int64_t> recache_seconds() const { return given('R', recache_); }
  std::optional<std::uint64_t> compare_cas() const { return given('C', compare_cas_); }
  std::optional<std::uint64_t> new_cas() const { return given('E', new_cas_); }
  std::uint64_t delta() const { return delta_; }
  std::uint64_t initial() const { return initial_; }
  std::uint32_t client_flags() const { return client_flags_; }
  // 0 where none is given.
  char mode() const { return mode_; }

  // Writes what the flags k and O ask for; false for other flags.
  bool write_identity(OutputBuffer& out, std::string_view flag) const;
  // "<code>", all that the flags k and O ask for, and the end of the line.
  void write_bare(OutputBuffer& out, std::string_view code) const;

 private:
  static std::uint64_t bit(char letter) {
    return std::uint64_t{1} << (static_cast<unsigned char>(letter) & 63);
  }
  template <class Value>
  std::optional<Value> given(char letter, Value value) const {
    return has(letter) ? std::optional(value) : std::nullopt;
  }
  std::optional<Expiry> expiry_of(char letter, std::int64_t exptime) const {
    return has(letter) ? std::optional(Expiry::from_exptime(call_, exptime)) : std::nullopt;
  }
  // Return the error.
  std::string_view read_flags();
  std::string_view read_flag(std::string_view flag);
  void read_key();

  Call& call_;
  std::span<const std::string_view> flags_;
  std::string_view error_;
  bool flags_are_wrong_ = false;
  std::uint64_t letters_ = 0;
  std::optional<MetaKey> meta_key_;
  std::optional<Key> key_;
  std::int64_t ttl_ = 0;
  std::int64_t vivify_ = 0;
  std::int64_t recache_ = 0;
  std::uint64_t compare_cas_ = 0;
  std::uint64_t new_cas_ = 0;
  std::uint64_t delta_ = 1;
  std::uint64_t initial_ = 0;
  std::uint32_t client_flags_ = 0;
  char mode_ = 0;
};

}  // namespace tarn::memcached
