// Publish/subscribe: channels, patterns and shard channels.

#include "core/base/glob.h"
#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/help.h"
#include "server/pubsub/pubsub.h"

namespace tarn {
namespace {

PubSub& pubsub(Call& call) { return call.feature<PubSub>(); }

// --- Subscribing
//
// Each name is answered by a message of its own, which is no reply: a client that wants no replies
// is sent it, too. Within EXEC it takes the place of a reply.

OutputBuffer& answers(Call& call) {
  const bool quiet = call.session.reply_mode != Session::ReplyMode::kOn;
  return quiet ? call.session.pushes() : call.reply.out();
}

// How many subscriptions the client is told that it has: shard channels count for themselves.
std::int64_t visible_count(const Session& session, TopicKind kind) {
  if (session.subscriber == nullptr) return 0;
  const Subscriber& subscriber = *session.subscriber;
  const std::size_t count =
      kind == TopicKind::kShardChannel
          ? subscriber.count(kind)
          : subscriber.count(TopicKind::kChannel) + subscriber.count(TopicKind::kPattern);
  return static_cast<std::int64_t>(count);
}

void answer(Call& call, TopicKind kind, std::optional<std::string_view> name) {
  Reply reply(answers(call), call.session.protocol, Dialect::kResp);
  reply.push(3);
  reply.bulk(call.command.row->name);
  name ? reply.bulk(*name) : reply.null();
  reply.integer(visible_count(call.session, kind));
}

template <TopicKind kind>
void subscribe(Call& call) {
  if (kind == TopicKind::kShardChannel && call.session.deny_blocking) {
    return call.reply.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  }
  for (const std::string_view name : call.args.subspan(1)) {
    pubsub(call).subscribe(call.session, kind, name);
    answer(call, kind, name);
  }
}

template <TopicKind kind>
void unsubscribe(Call& call) {
  for (const std::string_view name : call.args.subspan(1)) {
    pubsub(call).unsubscribe(call.session, kind, name);
    answer(call, kind, name);
  }
  if (call.args.size() > 1) return;
  bool any = false;
  pubsub(call).unsubscribe_all(call.session, kind, [&](std::string_view name) {
    answer(call, kind, name);
    any = true;
  });
  if (!any) answer(call, kind, std::nullopt);
}

// --- Publishing

void publish(Call& call) {
  const std::size_t receivers = pubsub(call).publish(call.args[1], call.args[2]);
  call.reply.integer(static_cast<std::int64_t>(receivers));
}

void spublish(Call& call) {
  const std::size_t receivers = pubsub(call).publish_shard(call.args[1], call.args[2]);
  call.reply.integer(static_cast<std::int64_t>(receivers));
}

// --- Who subscribes to what

template <TopicKind kind>
void channels(Call& call) {
  if (call.args.size() > 3) return reply_wrong_subcommand(call);
  const bool all = call.args.size() == 2;
  std::size_t count = 0;
  const OutputBuffer::Placeholder place = call.reply.open_array();
  pubsub(call).topics(kind).for_each([&](const Topic& topic) {
    if (!all && !glob_match(call.args[2], topic.name)) return;
    call.reply.bulk(topic.name);
    ++count;
  });
  call.reply.close_array(place, count);
}

template <TopicKind kind>
void subscribers(Call& call) {
  const auto names = call.args.subspan(2);
  call.reply.array(2 * names.size());
  for (const std::string_view name : names) {
    const Topic* topic = pubsub(call).topics(kind).find(name);
    call.reply.bulk(name);
    call.reply.integer(topic == nullptr ? 0 : static_cast<std::int64_t>(topic->members.size()));
  }
}

void numpat(Call& call) {
  const std::size_t patterns = pubsub(call).topics(TopicKind::kPattern).size();
  call.reply.integer(static_cast<std::int64_t>(patterns));
}

// --- Rows

constexpr std::uint32_t kSubscribeFlags =
    kPubsub | kNoScript | kLoading | kStale | kWhileSubscribed;
constexpr std::uint32_t kPublishFlags = kPubsub | kLoading | kStale | kFast | kMayReplicate;
constexpr std::uint32_t kLookFlags = kPubsub | kLoading | kStale;

constexpr CommandRow kPubsubRows[] = {
    {
        .name = "channels",
        .handler = channels<TopicKind::kChannel>,
        .arity = -2,
        .flags = kLookFlags,
        .group = "pubsub",
        .since = "2.8.0",
        .complexity = "O(N) where N is the number of channels",
        .summary = "Lists the channels that somebody subscribes to",
        .syntax = "[pattern]",
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .group = "pubsub",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "numpat",
        .handler = numpat,
        .arity = 2,
        .flags = kLookFlags,
        .group = "pubsub",
        .since = "2.8.0",
        .complexity = "O(1)",
        .summary = "Counts the patterns that somebody subscribes to",
    },
    {
        .name = "numsub",
        .handler = subscribers<TopicKind::kChannel>,
        .arity = -2,
        .flags = kLookFlags,
        .group = "pubsub",
        .since = "2.8.0",
        .complexity = "O(N) where N is the number of channels asked for",
        .summary = "Counts the subscribers of channels",
        .syntax = "[channel [channel ...]]",
    },
    {
        .name = "shardchannels",
        .handler = channels<TopicKind::kShardChannel>,
        .arity = -2,
        .flags = kLookFlags,
        .group = "pubsub",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels",
        .summary = "Lists the shard channels that somebody subscribes to",
        .syntax = "[pattern]",
    },
    {
        .name = "shardnumsub",
        .handler = subscribers<TopicKind::kShardChannel>,
        .arity = -2,
        .flags = kLookFlags,
        .group = "pubsub",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels asked for",
        .summary = "Counts the subscribers of shard channels",
        .syntax = "[shardchannel [shardchannel ...]]",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "subscribe",
        .handler = subscribe<TopicKind::kChannel>,
        .arity = -2,
        .flags = kSubscribeFlags,
        .group = "pubsub",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of channels",
        .summary = "Has the messages of channels sent to this connection",
        .syntax = "channel [channel ...]",
    },
    {
        .name = "psubscribe",
        .handler = subscribe<TopicKind::kPattern>,
        .arity = -2,
        .flags = kSubscribeFlags,
        .group = "pubsub",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of patterns",
        .summary = "Has the messages of channels that match sent to this connection",
        .syntax = "pattern [pattern ...]",
    },
    {
        .name = "ssubscribe",
        .handler = subscribe<TopicKind::kShardChannel>,
        .arity = -2,
        .flags = kSubscribeFlags,
        .keys = {keys_from(1, -1, 1, kNotKey)},
        .group = "pubsub",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels",
        .summary = "Has the messages of shard channels sent to this connection",
        .syntax = "shardchannel [shardchannel ...]",
    },
    {
        .name = "unsubscribe",
        .handler = unsubscribe<TopicKind::kChannel>,
        .arity = -1,
        .flags = kSubscribeFlags,
        .group = "pubsub",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of channels",
        .summary = "Ends subscriptions to channels, or to all of them",
        .syntax = "[channel [channel ...]]",
    },
    {
        .name = "punsubscribe",
        .handler = unsubscribe<TopicKind::kPattern>,
        .arity = -1,
        .flags = kSubscribeFlags,
        .group = "pubsub",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of patterns",
        .summary = "Ends subscriptions to patterns, or to all of them",
        .syntax = "[pattern [pattern ...]]",
    },
    {
        .name = "sunsubscribe",
        .handler = unsubscribe<TopicKind::kShardChannel>,
        .arity = -1,
        .flags = kSubscribeFlags,
        .keys = {keys_from(1, -1, 1, kNotKey)},
        .group = "pubsub",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels",
        .summary = "Ends subscriptions to shard channels, or to all of them",
        .syntax = "[shardchannel [shardchannel ...]]",
    },
    {
        .name = "publish",
        .handler = publish,
        .arity = 3,
        .flags = kPublishFlags,
        .group = "pubsub",
        .since = "2.0.0",
        .complexity = "O(N+M) where N is the number of receivers and M the number of patterns that "
                      "begin as the channel does; a large message is copied once for all",
        .summary = "Sends a message to a channel",
        .syntax = "channel message",
    },
    {
        .name = "spublish",
        .handler = spublish,
        .arity = 3,
        .flags = kPublishFlags,
        .keys = {key_at(1, kNotKey)},
        .group = "pubsub",
        .since = "7.0.0",
        .complexity =
            "O(N) where N is the number of receivers; a large message is copied once for all",
        .summary = "Sends a message to a shard channel",
        .syntax = "shardchannel message",
    },
    {
        .name = "pubsub",
        .arity = -2,
        .group = "pubsub",
        .since = "2.8.0",
        .complexity = "Depends on the subcommand",
        .summary = "Who subscribes to what",
        .subcommands = kPubsubRows,
    },
};

}  // namespace

std::span<const CommandRow> pubsub_commands() { return kRows; }

}  // namespace tarn
