#include "server/memcached/key_code.h"
#include "server/memcached/text_support.h"

#include <array>

namespace tarn {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digits() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> digits{};
  for (auto& digit : digits) digit = kNoDigit;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}
constexpr std::array<std::uint8_t, 256> kDigits = make_digits();

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t digits = i + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint8_t digit =
          j < digits ? kDigits[static_cast<unsigned char>(text[i + j])] : std::uint8_t{0};
      if (digit == kNoDigit) return std::nullopt;
      group = group << 6 | digit;
    }
    for (std::size_t j = 0; j + 1 < digits; ++j) {
      bytes += static_cast<char>(group >> (16 - 8 * j));
    }
  }
  return bytes;
}

std::size_t max_encoded_key_bytes(const Options& options) {
  const auto bytes = static_cast<std::size_t>(options.memcached_max_key_size);
  return bytes <= memcached::kMaxPlainKeyBytes ? memcached::kMaxPlainKeyBytes : (bytes + 2) / 3 * 4;
}

bool MetaKey::fits(const Call& call, bool encoded) {
  return call.args[1].size() <=
         (encoded ? max_encoded_key_bytes(memcached::options(call)) : memcached::kMaxPlainKeyBytes);
}

std::optional<MetaKey> MetaKey::read(const Call& call, bool encoded) {
  if (!fits(call, encoded)) return std::nullopt;
  MetaKey key;
  key.encoded_ = encoded;
  key.in_line_ = call.args[1];
  if (!encoded) return key;
  const auto most = static_cast<std::size_t>(memcached::options(call).memcached_max_key_size);
  auto decoded = decode_base64(key.in_line_);
  if (!decoded || decoded->size() > most) return std::nullopt;
  key.decoded_ = *std::move(decoded);
  return key;
}

}  // namespace tarn
