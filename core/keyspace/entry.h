#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/varint.h"
#include "core/memory/blob.h"
#include "core/types/collection.h"

namespace tarn {

enum class Type : std::uint8_t { kString, kList, kSet, kSortedSet, kHash, kStream };

// How a string's value is stored. All but blobs are in the entry itself.
enum class StringEncoding : std::uint8_t {
  kInteger,         // an int64, in eight bytes
  kEmbedded,        // bytes as they were set
  kEdited,          // bytes that were written in place since (APPEND, SETRANGE, SETBIT ...)
  kBlob,            // a reference to a Blob
  kCompressed,      // a CompressedValue in the entry
  kCompressedBlob,  // a reference to a Blob that is one
};

// An entry is a key, its value and what belongs to them, in one allocation of consecutive bytes:
//
//     type and encoding     1   low and high nibble
//     flags                 1
//     access                3   when or how often the key was used (see access.h)
//     deadline              8   only with kHasDeadline (see below)
//     client flags          4   only with kHasClientFlags (see below)
//     CAS                   8   only with kHasCas (see below)
//     key length            1 to 5, base 128, low groups first
//     value length          1 to 5, the same; only for values of inline bytes
//     key bytes
//     value                 inline bytes, or 8 bytes: an int64, a Blob* or a Collection*
//
// So a key and a value of 16 bytes each cost 39 bytes, with a deadline 47: no padding, no pointer
// and no second allocation. Fields are unaligned and are read by memcpy.
//
// The deadline is a Unix time in milliseconds. Those before the year 6429 (2^47) leave room for a
// 16-bit ticket that pairs the entry with its item in the keyspace's timing wheel: an item with
// another ticket belongs to an earlier deadline and is stale. Farther deadlines have bit 63 set,
// carry no ticket and never come due.
//
// Strings may be items of memcached's protocol too, which keeps more beside a value: 32 bits that
// belong to the client, a number that tells versions of the item apart (CAS, from "check and
// store"), and three marks. The keyspace says when they change.
class Entry {
 public:
  static constexpr std::int64_t kMaxTicketedDeadline = (std::int64_t{1} << 47) - 1;
  static constexpr std::size_t kWordBytes = 8;

  // What an entry will be made of; bytes() is the size of its allocation.
  struct Layout {
    std::size_t key_bytes = 0;
    std::size_t value_bytes = 0;  // inline bytes, or kWordBytes for a word
    bool value_is_word = false;
    bool has_deadline = false;
    bool has_client_flags = false;
    bool has_cas = false;

    std::size_t bytes() const {
      return kHeaderBytes + (has_deadline ? kDeadlineBytes : 0) +
             (has_client_flags ? kClientFlagsBytes : 0) + (has_cas ? kCasBytes : 0) +
             varint_bytes(key_bytes) + (value_is_word ? 0 : varint_bytes(value_bytes)) + key_bytes +
             value_bytes;
    }
  };

  // Writes the fixed part and the key at `memory`, which holds layout.bytes(). The value's bytes
  // are for the caller to fill; deadline, client flags and CAS start as 0.
  // `encoding` is a StringEncoding or a CollectionEncoding.
  template <class Encoding>
  static Entry* construct(void* memory, const Layout& layout, Type type, Encoding encoding,
                          std::string_view key) {
    char* at = static_cast<char*>(memory);
    at[0] = pack(type, static_cast<std::uint8_t>(encoding));
    const unsigned flags = (layout.has_deadline ? kHasDeadline : 0u) |
                           (layout.has_client_flags ? kHasClientFlags : 0u) |
                           (layout.has_cas ? kHasCas : 0u) |
                           (layout.value_is_word ? kWordValue : 0u);
    at[1] = static_cast<char>(flags);
    at[2] = at[3] = at[4] = 0;
    at += kHeaderBytes;
    const std::size_t attributes = attribute_bytes(flags);
    if (attributes > 0) std::memset(at, 0, attributes);
    at += attributes;
    at = write_varint(at, key.size());
    if (!layout.value_is_word) at = write_varint(at, layout.value_bytes);
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    return static_cast<Entry*>(memory);
  }

  Type type() const { return static_cast<Type>(byte(0) & 0x0f); }
  // How the value is stored, as its type's enumeration says.
  std::uint8_t raw_encoding() const { return byte(0) >> 4; }
  // REQUIRES: a string.
  StringEncoding string_encoding() const { return static_cast<StringEncoding>(raw_encoding()); }
  // REQUIRES: not a string.
  CollectionEncoding collection_encoding() const {
    return static_cast<CollectionEncoding>(raw_encoding());
  }
  // Of plain bytes, or compressed ones.
  bool holds_blob() const {
    return type() == Type::kString && (string_encoding() == StringEncoding::kBlob ||
                                       string_encoding() == StringEncoding::kCompressedBlob);
  }
  bool holds_compressed_string() const {
    return type() == Type::kString && string_encoding() >= StringEncoding::kCompressed;
  }
  bool holds_compressed_collection() const {
    return type() != Type::kString && collection_encoding() == CollectionEncoding::kCompressed;
  }
  // REQUIRES: holds_compressed_string() or holds_compressed_collection().
  std::string_view compressed_value() const { return holds_blob() ? blob()->view() : value(); }
  bool holds_large_collection() const {
    return type() != Type::kString && collection_encoding() == CollectionEncoding::kLarge;
  }
  bool has_deadline() const { return (byte(1) & kHasDeadline) != 0; }

  std::string_view key() const {
    const char* at = lengths();
    const std::size_t key_bytes = read_varint(at);
    if (!value_is_word()) skip_varint(at);
    return {at, key_bytes};
  }

  // The inline bytes, or the eight bytes of the word.
  std::string_view value() const {
    const char* at = lengths();
    const std::size_t key_bytes = read_varint(at);
    const std::size_t value_bytes = value_is_word() ? kWordBytes : read_varint(at);
    return {at + key_bytes, value_bytes};
  }
  char* mutable_value() { return const_cast<char*>(value().data()); }

  Layout layout() const {
    const char* at = lengths();
    Layout layout;
    layout.has_deadline = has_deadline();
    layout.has_client_flags = has_client_flags();
    layout.has_cas = has_cas();
    layout.value_is_word = value_is_word();
    layout.key_bytes = read_varint(at);
    layout.value_bytes = value_is_word() ? kWordBytes : read_varint(at);
    return layout;
  }
  std::size_t bytes() const { return layout().bytes(); }

  // REQUIRES: the value is a word.
  std::int64_t integer() const { return word<std::int64_t>(); }
  void set_integer(std::int64_t value) { set_word(value); }
  Blob* blob() const { return word<Blob*>(); }
  void set_blob(Blob* blob) { set_word(blob); }
  Collection* collection() const { return word<Collection*>(); }
  void set_collection(Collection* collection) { set_word(collection); }

  // REQUIRES: not a string, nor compressed.
  CollectionView collection_view() const {
    const CollectionEncoding encoding = collection_encoding();
    if (encoding == CollectionEncoding::kLarge) return {encoding, {}, collection()};
    return {encoding, value(), nullptr};
  }

  // Whether inline values of both sizes have lengths of the same size, so that one can become the
  // other in place.
  static bool same_length_bytes(std::size_t first, std::size_t second) {
    return varint_bytes(first) == varint_bytes(second);
  }
  // Changes the length of the inline value; the memory and its class are the caller's concern.
  // REQUIRES: same_length_bytes(value().size(), size)
  void resize_value(std::size_t size) {
    char* at = const_cast<char*>(lengths());
    const char* after_key_length = at;
    skip_varint(after_key_length);
    write_varint(at + (after_key_length - at), size);
  }

  template <class Encoding>
  void set_type(Type type, Encoding encoding) {
    bytes_[0] = pack(type, static_cast<std::uint8_t>(encoding));
  }

  // REQUIRES: has_deadline(). Unix time in milliseconds.
  std::int64_t deadline_ms() const {
    const std::uint64_t raw = raw_deadline();
    return static_cast<std::int64_t>((raw & kFarDeadline) != 0 ? raw & ~kFarDeadline
                                                               : raw & kMaxTicketedDeadline);
  }
  // The ticket of the wheel item that stands for this deadline; kNoTicket where none does.
  std::uint16_t ticket() const {
    const std::uint64_t raw = raw_deadline();
    return (raw & kFarDeadline) != 0 ? kNoTicket : static_cast<std::uint16_t>(raw >> 47);
  }
  void set_deadline(std::int64_t deadline_ms, std::uint16_t ticket) {
    std::uint64_t raw = static_cast<std::uint64_t>(deadline_ms);
    raw |= deadline_ms > kMaxTicketedDeadline ? kFarDeadline : std::uint64_t{ticket} << 47;
    set_field(kHeaderBytes, raw);
  }
  bool expired(std::int64_t now_ms) const { return has_deadline() && deadline_ms() <= now_ms; }

  // --- What memcached's protocol keeps beside a string.
  // The client's own 32 bits; 0 without them.
  std::uint32_t client_flags() const {
    return has_client_flags() ? field<std::uint32_t>(client_flags_offset()) : 0;
  }
  bool has_client_flags() const { return (byte(1) & kHasClientFlags) != 0; }
  // REQUIRES: has_client_flags().
  void set_client_flags(std::uint32_t flags) { set_field(client_flags_offset(), flags); }
  // The version of the item, where somebody has asked for it; else 0.
  std::uint64_t cas() const { return has_cas() ? field<std::uint64_t>(cas_offset()) : 0; }
  bool has_cas() const { return (byte(1) & kHasCas) != 0; }
  // REQUIRES: has_cas().
  void set_cas(std::uint64_t cas) { set_field(cas_offset(), cas); }

  // A client of that protocol has read the item since it was stored.
  bool fetched() const { return (byte(1) & kFetched) != 0; }
  void mark_fetched() { set_marks(byte(1) | kFetched); }
  // The value was invalidated, and serves only until somebody has made it anew.
  bool stale() const { return (byte(1) & kStale) != 0; }
  void mark_stale() { set_marks((byte(1) | kStale) & ~unsigned{kWon}); }
  // What is kept of that beyond the life of a server: it has forgotten whom it told (see won()), so
  // a value that somebody was to make for the first time is one that anybody may make.
  bool awaits_value() const { return stale() || (won() && value().empty()); }
  // A client has been told that making the value anew is up to it.
  bool won() const { return (byte(1) & kWon) != 0; }
  void mark_won() { set_marks(byte(1) | kWon); }
  // The marks of an item that is as good as new.
  void clear_marks() { set_marks(byte(1) & ~unsigned{kMarks}); }

  // It is known that the value, as it is, does not get smaller by being compressed.
  bool incompressible() const { return (byte(1) & kIncompressible) != 0; }
  void mark_incompressible(bool is) {
    set_marks(is ? byte(1) | kIncompressible : byte(1) & ~unsigned{kIncompressible});
  }

  // 24 bits, see access.h.
  std::uint32_t access() const {
    return byte(2) | std::uint32_t{byte(3)} << 8 | std::uint32_t{byte(4)} << 16;
  }
  void set_access(std::uint32_t access) {
    bytes_[2] = static_cast<char>(access);
    bytes_[3] = static_cast<char>(access >> 8);
    bytes_[4] = static_cast<char>(access >> 16);
  }

  // Takes over access, marks and, where both have room for them, deadline, client flags and CAS.
  void copy_attributes(const Entry& other) {
    set_access(other.access());
    set_marks((byte(1) & ~unsigned{kMarks}) | (other.byte(1) & kMarks));
    if (has_deadline() && other.has_deadline()) {
      set_deadline(other.deadline_ms(), other.ticket());
    }
    if (has_client_flags() && other.has_client_flags()) set_client_flags(other.client_flags());
    if (has_cas() && other.has_cas()) set_cas(other.cas());
  }

  static constexpr std::uint16_t kNoTicket = 0xffff;

 private:
  static constexpr std::size_t kHeaderBytes = 5;
  static constexpr std::size_t kDeadlineBytes = 8;
  static constexpr std::size_t kClientFlagsBytes = 4;
  static constexpr std::size_t kCasBytes = 8;
  static constexpr std::uint8_t kHasDeadline = 1;
  static constexpr std::uint8_t kHasClientFlags = 2;
  static constexpr std::uint8_t kHasCas = 4;
  static constexpr std::uint8_t kWordValue = 8;
  static constexpr std::uint8_t kFetched = 16;
  static constexpr std::uint8_t kStale = 32;
  static constexpr std::uint8_t kWon = 64;
  static constexpr std::uint8_t kIncompressible = 128;
  static constexpr std::uint8_t kMarks = kFetched | kStale | kWon | kIncompressible;
  static constexpr std::uint64_t kFarDeadline = std::uint64_t{1} << 63;

  static char pack(Type type, std::uint8_t encoding) {
    return static_cast<char>(static_cast<unsigned>(type) | static_cast<unsigned>(encoding) << 4);
  }

  // The bytes of the fields that the flags say are there.
  static constexpr std::size_t attribute_bytes(unsigned flags) {
    constexpr std::uint8_t kBytes[] = {0, 8, 4, 12, 8, 16, 12, 20};
    return kBytes[flags & (kHasDeadline | kHasClientFlags | kHasCas)];
  }

  std::uint8_t byte(std::size_t index) const { return static_cast<std::uint8_t>(bytes_[index]); }
  bool value_is_word() const { return (byte(1) & kWordValue) != 0; }
  const char* lengths() const { return bytes_ + kHeaderBytes + attribute_bytes(byte(1)); }
  std::size_t client_flags_offset() const {
    return kHeaderBytes + (has_deadline() ? kDeadlineBytes : 0);
  }
  std::size_t cas_offset() const {
    return client_flags_offset() + (has_client_flags() ? kClientFlagsBytes : 0);
  }
  template <class Field>
  Field field(std::size_t offset) const {
    Field result;
    std::memcpy(&result, bytes_ + offset, sizeof result);
    return result;
  }
  template <class Field>
  void set_field(std::size_t offset, Field field) {
    std::memcpy(bytes_ + offset, &field, sizeof field);
  }
  void set_marks(unsigned flags) { bytes_[1] = static_cast<char>(flags); }
  std::uint64_t raw_deadline() const { return field<std::uint64_t>(kHeaderBytes); }
  template <class Word>
  Word word() const {
    static_assert(sizeof(Word) == kWordBytes);
    Word result;
    std::memcpy(&result, value().data(), sizeof result);
    return result;
  }
  template <class Word>
  void set_word(Word word) {
    static_assert(sizeof(Word) == kWordBytes);
    std::memcpy(mutable_value(), &word, sizeof word);
  }

  char bytes_[1];  // the first of layout().bytes()
};

}  // namespace tarn
