#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/containers/hash_table.h"
#include "server/engine/session.h"

namespace tarn {

// What can be subscribed to: a name, or all names that a pattern matches. Shard channels have names
// of their own, which patterns do not see.
enum class TopicKind : std::uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr std::size_t kTopicKinds = 3;

// A channel or pattern with those who subscribe to it; gone when the last of them has left.
struct Topic {
  struct Member {
    Subscriber* subscriber;
    std::uint32_t place;  // of the topic in the subscriber's list
  };

  std::string name;
  std::vector<Member> members;
  std::uint32_t index_place = 0;  // for an index of topics
};

// What one client subscribes to, by kind.
struct Subscriber {
  struct Subscription {
    Topic* topic;
    std::uint32_t place;  // of the subscriber in the topic's list
  };

  explicit Subscriber(Session& owner) : session(owner) {}

  std::size_t count(TopicKind kind) const { return lists[static_cast<std::size_t>(kind)].size(); }
  std::size_t count() const { return lists[0].size() + lists[1].size() + lists[2].size(); }
  std::size_t memory_bytes() const;

  Session& session;
  std::array<std::vector<Subscription>, kTopicKinds> lists;
  std::size_t name_bytes = 0;  // of the topics' names
};

// All topics of one kind.
//
// A subscription is two entries of 16 bytes, one in the topic's list and one in the subscriber's;
// each knows the other's place, so that taking it back moves two entries and searches nothing.
// Whether a client subscribes to a topic is looked up in the shorter of the two lists: most clients
// have few topics, and most topics few clients.
class Topics {
 public:
  explicit Topics(TopicKind kind) : kind_(static_cast<std::size_t>(kind)) {}
  ~Topics();
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;

  // nullptr where nobody subscribes to it.
  Topic* find(std::string_view name) const;
  std::size_t size() const { return table_.size(); }
  template <class Visit>
  void for_each(Visit visit) const {
    table_.for_each([&](const Topic* topic) { visit(*topic); });
  }

  // Both hand the topic to a function where that matters to an index of topics: add() a new one,
  // after it was made; remove() one that nobody subscribes to any more, before it is deleted.
  // Return false where nothing changed.
  template <class OnNew>
  bool add(Subscriber& subscriber, std::string_view name, OnNew on_new) {
    bool is_new = false;
    Topic* topic = find_or_make(name, is_new);
    if (is_new) on_new(*topic);
    return join(subscriber, *topic);
  }
  template <class OnUnused>
  bool remove(Subscriber& subscriber, std::string_view name, OnUnused on_unused) {
    Topic* topic = find(name);
    if (topic == nullptr || !leave(subscriber, *topic)) return false;
    if (topic->members.empty()) {
      on_unused(*topic);
      destroy(topic);
    }
    return true;
  }

 private:
  struct Traits {
    using Element = Topic;
    static std::uint64_t hash(const Topic& topic) { return hash_bytes(topic.name); }
  };

  std::vector<Subscriber::Subscription>& list_of(Subscriber& subscriber) const {
    return subscriber.lists[kind_];
  }
  Topic* find_or_make(std::string_view name, bool& is_new);
  bool has(Subscriber& subscriber, const Topic& topic, std::size_t& place) const;
  bool join(Subscriber& subscriber, Topic& topic);
  bool leave(Subscriber& subscriber, Topic& topic);
  void destroy(Topic* topic);

  const std::size_t kind_;
  HashTable<Traits, 0> table_;
};

}  // namespace tarn
