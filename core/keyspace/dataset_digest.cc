#include "core/keyspace/dataset_digest.h"

#include <array>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "core/keyspace/compressed_value.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"

namespace tarn {
namespace {

class Digester {
 public:
  explicit Digester(Sha1& sha1) : sha1_(sha1) {}

  void add(std::string_view bytes) {
    const Sha1::Digest other = sha1_.hash(bytes);
    for (std::size_t i = 0; i < Sha1::kBytes; ++i) digest_[i] ^= other[i];
  }
  void mix(std::string_view bytes) {
    add(bytes);
    digest_ = sha1_.hash(bytes_of(digest_));
  }
  void mix(std::uint32_t number) {
    const std::array bytes{static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                           static_cast<char>(number >> 8), static_cast<char>(number)};
    mix(std::string_view(bytes.data(), bytes.size()));
  }
  void mix_value(const Entry& entry);
  void mix_list(const ListView& list);
  void add_members(const SetView& set);
  void add_members(const SortedSetView& set);
  void add_fields(const HashView& hash);

  void add(const Sha1::Digest& other) { add(bytes_of(other)); }
  const Sha1::Digest& digest() const { return digest_; }

 private:
  static std::string_view bytes_of(const Sha1::Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }

  // Two texts that belong together, whatever the order of the pairs.
  void add_pair(std::string_view first, std::string_view second) {
    Digester pair(sha1_);
    pair.mix(first);
    pair.mix(second);
    add(pair.digest());
  }

  Sha1& sha1_;
  Sha1::Digest digest_{};
};

// Redis's numbers of the types.
std::uint32_t type_number(Type type) {
  switch (type) {
    case Type::kString: return 0;
    case Type::kList: return 1;
    case Type::kSet: return 2;
    case Type::kSortedSet: return 3;
    case Type::kHash: return 4;
    case Type::kStream: return 6;
  }
  return 0;
}

void Digester::mix_value(const Entry& entry) {
  mix(type_number(entry.type()));
  switch (entry.type()) {
    case Type::kString: mix(StringView(entry).bytes()); break;
    case Type::kList: mix_list(ListView(entry.collection_view())); break;
    case Type::kSet: add_members(SetView(entry.collection_view())); break;
    case Type::kSortedSet: add_members(SortedSetView(entry.collection_view())); break;
    case Type::kHash: add_fields(HashView(entry.collection_view())); break;
    case Type::kStream: TARN_ASSERT(false && "no key holds a stream");
  }
  if (entry.has_deadline()) add("!!expire!!");
}

void Digester::mix_list(const ListView& list) {
  PackedElement::Scratch scratch;
  list.for_each([&](const PackedElement& element) { mix(element.text(scratch)); });
}

void Digester::add_members(const SetView& set) {
  SetMember::Scratch scratch;
  set.for_each([&](const SetMember& member) { add(member.text(scratch)); });
}

void Digester::add_members(const SortedSetView& set) {
  SetMember::Scratch scratch;
  char digits[kMaxDoubleChars];
  set.for_each(set.all(), [&](const SetMember& member, double score) {
    add_pair(member.text(scratch), {digits, format_double(digits, score)});
  });
}

void Digester::add_fields(const HashView& hash) {
  hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
    add_pair(field, value);
  });
}

}  // namespace

Sha1::Digest value_digest(const Entry& entry) {
  Sha1 sha1;
  Digester digester(sha1);
  digester.mix_value(entry);
  return digester.digest();
}

Sha1::Digest dataset_digest(const Databases& databases) {
  Sha1 sha1;
  Digester dataset(sha1);
  for (std::size_t i = 0; i < databases.size(); ++i) {
    // Keys that are due but not deleted yet are none.
    bool empty = true;
    databases[i].for_each([&](const Entry& entry) {
      if (empty) dataset.mix(static_cast<std::uint32_t>(i));
      empty = false;
      Digester key(sha1);
      key.mix(entry.key());
      key.mix_value(*PlainEntry(entry));
      dataset.add(key.digest());
    });
  }
  return dataset.digest();
}

}  // namespace tarn
