#include "core/base/crc64.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>
#include <cstddef>
#include <cstring>

namespace tarn {
namespace {

constexpr std::uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;
constexpr std::size_t kSlices = 16;

// Table k says what a byte does to the CRC that is followed by k zero bytes, so that 16 bytes are
// taken in one step. (Kounavis and Berry, "A systematic approach to building high performance
// software-based CRC generators", 2005.)
using Tables = std::array<std::array<std::uint64_t, 256>, kSlices>;

Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

const Tables kTables = make_tables();

std::uint64_t load(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// What the eight bytes of a word do; its first byte is followed by the most others.
std::uint64_t reduce(std::uint64_t word, std::size_t first_slice) {
  std::uint64_t crc = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    crc ^= kTables[first_slice - i][(word >> (8 * i)) & 0xff];
  }
  return crc;
}

std::uint64_t crc_by_tables(std::uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kSlices; at += kSlices, left -= kSlices) {
    crc = reduce(load(at) ^ crc, 15) ^ reduce(load(at + 8), 7);
  }
  for (; left > 0; ++at, --left) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  }
  return crc;
}

#ifdef __x86_64__

// Processors multiply polynomials. What 16 bytes mean for the CRC is what they mean times x^512, 64
// bytes further on; so four such registers, side by side, take in 64 bytes a step, and what is left
// in them at the end is a message of 64 bytes with the same CRC. (Gopal and others, "Fast CRC
// computation for generic polynomials using PCLMULQDQ instruction", 2009.)
constexpr std::size_t kFoldBytes = 64;

// x^n modulo the polynomial, its highest power in the lowest bit, as everything is here.
constexpr std::uint64_t power_of_x(unsigned n) {
  std::uint64_t power = std::uint64_t{1} << 63;
  for (; n > 0; --n) power = (power >> 1) ^ ((power & 1) != 0 ? kReflectedPolynomial : 0);
  return power;
}

// A product of two words stands one bit lower than the register has it: hence one power less. The
// first word of a register is 64 bits ahead of the second.
constexpr std::uint64_t kFirstWordFactor = power_of_x(512 + 64 - 1);
constexpr std::uint64_t kSecondWordFactor = power_of_x(512 - 1);

const bool kCanFold = static_cast<bool>(__builtin_cpu_supports("pclmul"));

// REQUIRES: the size is a multiple of kFoldBytes, and not zero.
__attribute__((target("pclmul"))) std::uint64_t crc_by_folding(std::uint64_t crc,
                                                               std::string_view bytes) {
  const auto load_16 = [](const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  };
  const __m128i factors = _mm_set_epi64x(static_cast<long long>(kSecondWordFactor),
                                         static_cast<long long>(kFirstWordFactor));
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  __m128i registers[4];
  for (std::size_t i = 0; i < 4; ++i) registers[i] = load_16(at + 16 * i);
  registers[0] = _mm_xor_si128(registers[0], _mm_cvtsi64_si128(static_cast<long long>(crc)));
  for (at += kFoldBytes; at != end; at += kFoldBytes) {
    for (std::size_t i = 0; i < 4; ++i) {
      const __m128i first = _mm_clmulepi64_si128(registers[i], factors, 0x00);
      const __m128i second = _mm_clmulepi64_si128(registers[i], factors, 0x11);
      registers[i] = _mm_xor_si128(_mm_xor_si128(first, second), load_16(at + 16 * i));
    }
  }
  char rest[kFoldBytes];
  std::memcpy(rest, registers, sizeof rest);
  return crc_by_tables(0, {rest, sizeof rest});
}

#endif

}  // namespace

std::uint64_t crc64(std::uint64_t crc, std::string_view bytes) {
#ifdef __x86_64__
  constexpr std::size_t kWorthFolding = 4 * kFoldBytes;
  if (bytes.size() >= kWorthFolding && kCanFold) {
    const std::size_t folded = bytes.size() - bytes.size() % kFoldBytes;
    crc = crc_by_folding(crc, bytes.substr(0, folded));
    bytes.remove_prefix(folded);
  }
#endif
  return crc_by_tables(crc, bytes);
}

}  // namespace tarn
