#include "core/keyspace/entry.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tarn;

namespace {

struct Built {
  std::vector<char> memory;
  Entry* entry;
};

Built build(std::string_view key, std::string_view value, bool has_deadline) {
  const Entry::Layout layout{
      .key_bytes = key.size(), .value_bytes = value.size(), .has_deadline = has_deadline};
  Built built{std::vector<char>(layout.bytes()), nullptr};
  built.entry =
      Entry::construct(built.memory.data(), layout, Type::kString, StringEncoding::kEmbedded, key);
  std::memcpy(built.entry->mutable_value(), value.data(), value.size());
  return built;
}

}  // namespace

TEST_CASE("an entry of 16 and 16 bytes takes 39 bytes, 47 with a deadline") {
  CHECK(build("0123456789abcdef", "0123456789abcdef", false).memory.size() == 39);
  CHECK(build("0123456789abcdef", "0123456789abcdef", true).memory.size() == 47);
}

TEST_CASE("an entry gives back its key and value at every length around a length byte") {
  for (const std::size_t key_bytes : {0u, 1u, 127u, 128u, 129u, 16383u, 16384u, 70000u}) {
    for (const std::size_t value_bytes : {0u, 1u, 127u, 128u, 16383u, 16384u}) {
      for (const bool has_deadline : {false, true}) {
        const std::string key(key_bytes, 'k');
        const std::string value(value_bytes, 'v');
        const Built built = build(key, value, has_deadline);
        CHECK(built.entry->key() == key);
        CHECK(built.entry->value() == value);
        CHECK(built.entry->bytes() == built.memory.size());
        CHECK(built.entry->has_deadline() == has_deadline);
      }
    }
  }
}

TEST_CASE("deadlines are kept to the millisecond, near and far, with the ticket of near ones") {
  const Built built = build("k", "v", true);
  for (const std::int64_t deadline :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'700'000'000'000},
        Entry::kMaxTicketedDeadline}) {
    for (const int number : {0, 1, 0x7fff, 0xfffe}) {
      const auto ticket = static_cast<std::uint16_t>(number);
      built.entry->set_deadline(deadline, ticket);
      CHECK(built.entry->deadline_ms() == deadline);
      CHECK(built.entry->ticket() == ticket);
      CHECK(built.entry->key() == "k");
    }
  }
  for (const std::int64_t deadline : {Entry::kMaxTicketedDeadline + 1, INT64_MAX}) {
    built.entry->set_deadline(deadline, 7);
    CHECK(built.entry->deadline_ms() == deadline);
    CHECK(built.entry->ticket() == Entry::kNoTicket);
  }
}

TEST_CASE("access bits keep 24 bits") {
  const Built built = build("k", "v", false);
  built.entry->set_access(0xabcdef);
  CHECK(built.entry->access() == 0xabcdef);
  CHECK(built.entry->key() == "k");
}
