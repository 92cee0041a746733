#include "server/pubsub/topics.h"

#include <algorithm>

namespace tarn {

std::size_t Subscriber::memory_bytes() const {
  std::size_t total = sizeof(*this) + name_bytes;
  for (const auto& list : lists) {
    total += list.capacity() * (sizeof(Subscription) + sizeof(Topic::Member));
  }
  return total;
}

Topics::~Topics() {
  table_.for_each([](Topic* topic) { delete topic; });
}

Topic* Topics::find(std::string_view name) const {
  return table_.find(hash_bytes(name), [&](const Topic& topic) { return topic.name == name; });
}

Topic* Topics::find_or_make(std::string_view name, bool& is_new) {
  const std::uint64_t hash = hash_bytes(name);
  const auto hint = table_.locate(hash);
  const auto same = [&](const Topic& topic) { return topic.name == name; };
  if (Topic* topic = table_.find(hash, same, hint); topic != nullptr) return topic;
  is_new = true;
  auto* topic = new Topic{.name = std::string(name), .members = {}};
  table_.insert(hash, topic, hint);
  return topic;
}

// Whether the subscriber has the topic, and where in its list.
bool Topics::has(Subscriber& subscriber, const Topic& topic, std::size_t& place) const {
  const auto& list = list_of(subscriber);
  if (list.size() <= topic.members.size()) {
    const auto at = std::find_if(list.begin(), list.end(),
                                 [&](const auto& known) { return known.topic == &topic; });
    place = static_cast<std::size_t>(at - list.begin());
    return at != list.end();
  }
  const auto at = std::find_if(topic.members.begin(), topic.members.end(), [&](const auto& member) {
    return member.subscriber == &subscriber;
  });
  if (at == topic.members.end()) return false;
  place = at->place;
  return true;
}

bool Topics::join(Subscriber& subscriber, Topic& topic) {
  std::size_t place = 0;
  if (has(subscriber, topic, place)) return false;
  auto& list = list_of(subscriber);
  list.push_back({&topic, static_cast<std::uint32_t>(topic.members.size())});
  topic.members.push_back({&subscriber, static_cast<std::uint32_t>(list.size() - 1)});
  subscriber.name_bytes += topic.name.size();
  return true;
}

// The last entry of each list takes the place of the one that goes.
bool Topics::leave(Subscriber& subscriber, Topic& topic) {
  std::size_t place = 0;
  if (!has(subscriber, topic, place)) return false;
  auto& list = list_of(subscriber);
  const std::uint32_t member = list[place].place;

  const Topic::Member moved_member = topic.members.back();
  topic.members[member] = moved_member;
  list_of(*moved_member.subscriber)[moved_member.place].place = member;
  topic.members.pop_back();

  const Subscriber::Subscription moved = list.back();
  list[place] = moved;
  if (moved.topic != &topic) {
    moved.topic->members[moved.place].place = static_cast<std::uint32_t>(place);
  }
  list.pop_back();
  subscriber.name_bytes -= topic.name.size();
  return true;
}

void Topics::destroy(Topic* topic) {
  table_.erase_ref(Traits::hash(*topic), topic);
  delete topic;
}

}  // namespace tarn
