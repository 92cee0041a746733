#include "server/pubsub/pubsub.h"

#include <algorithm>
#include <string>

#include "core/base/glob.h"
#include "server/engine/gates.h"
#include "server/protocol/resp_writer.h"

namespace tarn {
namespace {

// Up to the first byte that may stand for another one.
std::string_view literal_prefix(std::string_view pattern) {
  return pattern.substr(0, pattern.find_first_of("*?[\\"));
}

std::string pattern_head(char type, std::string_view pattern) {
  std::string head(1, type);
  char header[resp::kMaxHeaderBytes];
  const char* end = resp::put_header(header, '$', static_cast<std::int64_t>(pattern.size()));
  return head.append("4\r\n$8\r\npmessage\r\n")
      .append(header, static_cast<std::size_t>(end - header))
      .append(pattern)
      .append("\r\n");
}

}  // namespace

// Sessions that are left no longer refer to what is gone.
PubSub::~PubSub() {
  std::vector<Session*> sessions;
  for (const Topics& topics : topics_) {
    topics.for_each([&](const Topic& topic) {
      for (const Topic::Member& member : topic.members) {
        sessions.push_back(&member.subscriber->session);
      }
    });
  }
  for (Session* session : sessions) {
    delete session->subscriber;
    session->subscriber = nullptr;
  }
}

bool PubSub::subscribe(Session& session, TopicKind kind, std::string_view name) {
  if (session.subscriber == nullptr) {
    session.subscriber = new Subscriber(session);
    session.gates |= kSubscribedGate | kPushGate;
  }
  return topics_of(kind).add(*session.subscriber, name, [&](Topic& topic) {
    if (kind == TopicKind::kPattern) index_pattern(topic);
  });
}

bool PubSub::unsubscribe(Session& session, TopicKind kind, std::string_view name) {
  Subscriber* const subscriber = session.subscriber;
  if (subscriber == nullptr) return false;
  const bool left = topics_of(kind).remove(*subscriber, name, [&](const Topic& topic) {
    if (kind == TopicKind::kPattern) unindex_pattern(topic);
  });
  if (left && subscriber->count() == 0) {
    delete subscriber;
    session.subscriber = nullptr;
    session.gates &= ~GateMask{kSubscribedGate};
  }
  return left;
}

std::string PubSub::last_topic(const Subscriber& subscriber, TopicKind kind) {
  return subscriber.lists[static_cast<std::size_t>(kind)].back().topic->name;
}

void PubSub::forget(Session& session) {
  for (const TopicKind kind :
       {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
    unsubscribe_all(session, kind, [](std::string_view) {});
  }
}

void PubSub::index_pattern(Topic& pattern) {
  Patterns& patterns = patterns_[literal_prefix(pattern.name)];
  pattern.index_place = static_cast<std::uint32_t>(patterns.size());
  patterns.push_back(&pattern);
}

void PubSub::unindex_pattern(const Topic& pattern) {
  const std::string_view prefix = literal_prefix(pattern.name);
  Patterns& patterns = *patterns_.find(prefix);
  patterns[pattern.index_place] = patterns.back();
  patterns[pattern.index_place]->index_place = pattern.index_place;
  patterns.pop_back();
  if (patterns.empty()) patterns_.erase(prefix);
}

std::size_t PubSub::publish(std::string_view channel, std::string_view payload) {
  MessageTail tail = MessageTail::publication(channel, payload);
  std::size_t receivers = 0;
  if (const Topic* topic = topics_of(TopicKind::kChannel).find(channel); topic != nullptr) {
    Message message("*3\r\n$7\r\nmessage\r\n", ">3\r\n$7\r\nmessage\r\n", tail);
    receivers += send(*topic, message);
  }
  return receivers + send_to_patterns(channel, tail);
}

std::size_t PubSub::publish_shard(std::string_view channel, std::string_view payload) {
  const Topic* topic = topics_of(TopicKind::kShardChannel).find(channel);
  if (topic == nullptr) return 0;
  MessageTail tail = MessageTail::publication(channel, payload);
  Message message("*3\r\n$8\r\nsmessage\r\n", ">3\r\n$8\r\nsmessage\r\n", tail);
  return send(*topic, message);
}

std::size_t PubSub::send_to_patterns(std::string_view channel, MessageTail& tail) {
  std::size_t receivers = 0;
  patterns_.visit_prefixes_of(channel, [&](const Patterns& patterns) {
    for (const Topic* pattern : patterns) {
      if (!glob_match(pattern->name, channel)) continue;
      const std::string resp2_head = pattern_head('*', pattern->name);
      const std::string resp3_head = pattern_head('>', pattern->name);
      Message message(resp2_head, resp3_head, tail);
      receivers += send(*pattern, message);
    }
  });
  return receivers;
}

// Clients that are about to go count, but are sent nothing more.
std::size_t PubSub::send(const Topic& topic, Message& message) {
  for (const Topic::Member& member : topic.members) {
    Session& session = member.subscriber->session;
    if (session.closing) continue;
    message.write(session.pushes(), session.protocol);
    outlet_.written(session);
  }
  return topic.members.size();
}

}  // namespace tarn
