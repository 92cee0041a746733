#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarn {

// What a segment of an append-only file may end in while it is written: room that later batches are
// written over.
//
// A sync after a write that makes a file longer has to put the new length on disk as well, through
// the journal of the file system, and takes half as long again as one of bytes in their place. So
// what is behind the last batch is filled up with lines of '#', comments to whoever reads the file.
// Their ends lie at fixed places, wherever the padding begins: what a batch leaves of a line is a
// shorter comment. Only a line's end alone would not be one: there the padding begins with one more
// '#', and that line ends with the next. No line comes near the 128 bytes that redis-server reads;
// and the last one has an end, for redis-server would go on behind it.

// The padding of the file's bytes from `begin` to `end`. REQUIRES: two bytes at least
std::string make_padding(std::uint64_t begin, std::uint64_t end);
// What has to be written at `begin`, when there is padding up to `end`, for it to begin there:
// mostly nothing. At the end it may be longer by a byte then.
std::string_view padding_head(std::uint64_t begin, std::uint64_t end);
// Whether these bytes, from the end of a batch to that of the file, are padding, or a part of it.
bool is_padding(std::string_view bytes);

}  // namespace tarn
