#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tarn {

// SHA-1 (FIPS 180-4), by libcrypto. Not for secrets: Redis names scripts and datasets by it.
class Sha1 {
 public:
  static constexpr std::size_t kBytes = 20;
  using Digest = std::array<std::uint8_t, kBytes>;

  Sha1();
  ~Sha1();
  Sha1(const Sha1&) = delete;
  Sha1& operator=(const Sha1&) = delete;

  // May be used any number of times; setting up an object costs more than a short text.
  Digest hash(std::string_view bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// 40 lower-case digits.
std::string to_hex(const Sha1::Digest& digest);

}  // namespace tarn
