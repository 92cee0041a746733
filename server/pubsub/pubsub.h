#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "server/engine/push_outlet.h"
#include "server/pubsub/message.h"
#include "server/pubsub/prefix_map.h"
#include "server/pubsub/topics.h"

namespace tarn {

// Publish/subscribe: channels, patterns and shard channels, and the way of a message to those who
// subscribe to them.
//
//  1. A message to a channel goes to the channel's subscribers: one look-up.
//  2. Then to those of the patterns that match its name. A pattern can only match a name that
//     begins with what it has before its first special byte, so patterns are kept by that prefix,
//     and a message tries those under the prefixes of its name instead of all.
//  3. The message is put into bytes once, and shared; see message.h.
//
// A client with subscriptions has Session::subscriber, kSubscribedGate and kPushGate; it loses the
// first two with its last subscription.
class PubSub {
 public:
  explicit PubSub(PushOutlet& outlet) : outlet_(outlet) {}
  ~PubSub();
  PubSub(const PubSub&) = delete;
  PubSub& operator=(const PubSub&) = delete;

  // Return false where nothing changed: the client has subscribed already, or does not subscribe.
  bool subscribe(Session& session, TopicKind kind, std::string_view name);
  bool unsubscribe(Session& session, TopicKind kind, std::string_view name);
  // Ends all subscriptions of a kind; calls visit(std::string_view name) after each.
  template <class Visit>
  void unsubscribe_all(Session& session, TopicKind kind, Visit visit) {
    while (session.subscriber != nullptr && session.subscriber->count(kind) > 0) {
      const std::string name = last_topic(*session.subscriber, kind);
      unsubscribe(session, kind, name);
      visit(std::string_view(name));
    }
  }
  // Ends all subscriptions. O(their number).
  void forget(Session& session);

  // Sends a message to a channel; returns how many times it was sent. A client that subscribes to
  // the channel and to patterns that match gets it from each.
  std::size_t publish(std::string_view channel, std::string_view payload);
  std::size_t publish_shard(std::string_view channel, std::string_view payload);

  // Whether publish() would reach nobody, whatever the channel.
  bool silent() const {
    return topics(TopicKind::kChannel).size() == 0 && topics(TopicKind::kPattern).size() == 0;
  }
  const Topics& topics(TopicKind kind) const { return topics_[static_cast<std::size_t>(kind)]; }

 private:
  using Patterns = std::vector<Topic*>;

  static std::string last_topic(const Subscriber& subscriber, TopicKind kind);
  Topics& topics_of(TopicKind kind) { return topics_[static_cast<std::size_t>(kind)]; }
  void index_pattern(Topic& pattern);
  void unindex_pattern(const Topic& pattern);
  std::size_t send(const Topic& topic, Message& message);
  std::size_t send_to_patterns(std::string_view channel, MessageTail& tail);

  PushOutlet& outlet_;
  Topics topics_[kTopicKinds]{Topics(TopicKind::kChannel), Topics(TopicKind::kPattern),
                              Topics(TopicKind::kShardChannel)};
  PrefixMap<Patterns> patterns_;  // by what comes before the first special byte
};

}  // namespace tarn
