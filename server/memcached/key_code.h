#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/engine/call.h"

namespace tarn {

// Decodes standard base64 with its padding; nothing where it is malformed.
std::optional<std::string> decode_base64(std::string_view text);

// The key of a meta command: as it stands in the line or, with the flag b, in base64.
class MetaKey {
 public:
  // Nothing where the key is malformed or too long.
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
