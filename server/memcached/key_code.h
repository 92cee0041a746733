#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/config/options.h"
#include "server/engine/call.h"

namespace tarn {

// Decodes standard base64 with its padding; nothing where it is malformed.
std::optional<std::string> decode_base64(std::string_view text);

// The longest base64 that may stand for a key. Without an option that allows more, a key has the
// same length however it is written, as in memcached.
std::size_t max_encoded_key_bytes(const Options& options);

// The key of a meta command: as it stands in the line or, with the flag b, in base64.
class MetaKey {
 public:
  // Whether the word in the line is no longer than a key may be.
  static bool fits(const Call& call, bool encoded);
  // Nothing where the word does not fit or cannot be decoded.
  static std::optional<MetaKey> read(const Call& call, bool encoded);

  bool encoded() const { return encoded_; }
  std::string_view bytes() const { return encoded_ ? std::string_view(decoded_) : in_line_; }
  std::string_view in_line() const { return in_line_; }

 private:
  bool encoded_ = false;
  std::string_view in_line_;
  std::string decoded_;
};

}  // namespace tarn
