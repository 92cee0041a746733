#pragma once

#include <functional>

#include "core/keyspace/databases.h"
#include "server/config/config.h"
#include "server/engine/blocked_clients.h"
#include "server/engine/client_registry.h"
#include "server/engine/dispatcher.h"
#include "server/engine/key_waiters.h"
#include "server/engine/resp_client.h"
#include "server/metrics/info.h"
#include "server/metrics/memory_meter.h"
#include "server/metrics/rate_meter.h"
#include "server/metrics/run_info.h"

namespace tarn {

class AppendOnlyFile;
class BackupCopy;
class BackupRunner;
class Logins;
class PubSub;
class Snapshots;
class Tracking;
class TimeOverLimit;
struct DefragStats;
struct LoadingState;
struct NetStats;

// What INFO tells of. All of it outlives the sections.
struct InfoSources {
  const Config& config;
  const RunInfo& run;
  const Databases& databases;
  Dispatcher& dispatcher;
  const CommandTable& memcached_commands;
  const ClientRegistry& clients;
  const Logins& logins;
  const BlockedClients& blocked;
  const RespContext& resp;
  const NetStats& net;
  const Rates& rates;
  MemoryMeter& memory;
  // Spent on deleting due keys.
  const std::uint64_t& expiry_cycles;
  const TimeOverLimit& eviction;
  const DefragStats& defrag;
  const PubSub& pubsub;
  const Tracking& tracking;
  const KeyWaiters& key_waiters;
  const Snapshots& snapshots;
  const LoadingState& loading;
  const AppendOnlyFile& aof;
  const BackupRunner& backups;
  const BackupCopy& backup_copy;
};

// The sections that every server has, in the order that clients are used to. Fields of what this
// server does not do yet hold the values of a server that does not happen to do it.
void add_info_sections(Info& info, const InfoSources& sources);

// By topic; called by add_info_sections.
namespace info_sections {

void memory(InfoWriter& out, const InfoSources& from);
void persistence(InfoWriter& out, const InfoSources& from);
void stats(InfoWriter& out, const InfoSources& from);
void command_stats(InfoWriter& out, const InfoSources& from);
void error_stats(InfoWriter& out, const InfoSources& from);
void latency_stats(InfoWriter& out, const InfoSources& from);

}  // namespace info_sections
}  // namespace tarn
