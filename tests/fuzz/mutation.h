#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// libFuzzer's own mutations, for a target's LLVMFuzzerCustomMutator: changes the bytes in place and
// returns how many there are now.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace tarn {

// The bytes after one of libFuzzer's mutations, at most so many.
inline std::string mutate(std::string bytes, std::size_t max_bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(max_bytes > before ? max_bytes : before);
  bytes.resize(
      LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), before, bytes.size()));
  return bytes;
}

// What a mutator returns: the bytes where they fit, else a plain mutation of what was there.
inline std::size_t replace_input(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                 std::string_view bytes) {
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  return bytes.copy(reinterpret_cast<char*>(data), bytes.size());
}

}  // namespace tarn
