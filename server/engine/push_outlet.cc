#include "server/engine/push_outlet.h"

#include "server/engine/resp_client.h"

namespace tarn {

void PushOutlet::written(Session& session) {
  if (session.held_pushes != nullptr || session.transport == nullptr) return;
  session.transport->schedule_flush();
  const OutputBufferLimit& limit = output_limit(options_, session);
  const std::size_t waiting = session.reply.out().memory_bytes();
  const bool exceeded = (limit.hard_bytes > 0 && waiting > limit.hard_bytes) ||
                        (limit.soft_bytes > 0 && waiting > limit.soft_bytes);
  if (exceeded) [[unlikely]]
    too_slow_.push_back(session.id);
}

}  // namespace tarn
