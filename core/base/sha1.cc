#include "core/base/sha1.h"

#include <openssl/evp.h>

#include "core/base/assert.h"

namespace tarn {

// Fetching the algorithm is by far the dearest part, so it is done once.
struct Sha1::Context {
  EVP_MD* algorithm = ::EVP_MD_fetch(nullptr, "SHA1", nullptr);
  EVP_MD_CTX* state = ::EVP_MD_CTX_new();

  Context() { TARN_ASSERT(algorithm != nullptr && state != nullptr); }
  ~Context() {
    ::EVP_MD_CTX_free(state);
    ::EVP_MD_free(algorithm);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha1::Sha1() : context_(std::make_unique<Context>()) {}
Sha1::~Sha1() = default;

Sha1::Digest Sha1::hash(std::string_view bytes) {
  Digest digest;
  const bool done = ::EVP_DigestInit_ex2(context_->state, context_->algorithm, nullptr) == 1 &&
                    ::EVP_DigestUpdate(context_->state, bytes.data(), bytes.size()) == 1 &&
                    ::EVP_DigestFinal_ex(context_->state, digest.data(), nullptr) == 1;
  TARN_ASSERT(done);
  return digest;
}

std::string to_hex(const Sha1::Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(digest.size() * 2);
  for (const std::uint8_t byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0xf];
  }
  return hex;
}

}  // namespace tarn
