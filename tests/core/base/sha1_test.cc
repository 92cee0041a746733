#include "core/base/sha1.h"

#include <doctest/doctest.h>

#include <string>

using namespace tarn;

TEST_CASE("SHA-1 gives the digests of FIPS 180") {
  Sha1 sha1;
  CHECK(to_hex(sha1.hash("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(to_hex(sha1.hash("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(to_hex(sha1.hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(to_hex(sha1.hash(std::string(1'000'000, 'a'))) ==
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}
