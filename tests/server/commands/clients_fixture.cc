#include "tests/server/commands/clients_fixture.h"

#include <utility>
#include <vector>

#include "core/base/quoting.h"

namespace tarn {

FakeClient::FakeClient(std::uint64_t id, std::string peer)
    : transport(std::move(peer)), session(id, transport.out) {
  session.transport = &transport;
  session.authenticated = true;
}

FakeClient::~FakeClient() = default;

ClientsFixture::ClientsFixture() : CommandFixture({string_commands(), string_set_commands()}) {
  for (const auto rows :
       {connection_commands(), client_commands(), server_commands(), command_commands()}) {
    table.add(rows, services);
  }
  table.add(pubsub_commands(), pubsub);
  dispatcher.set_watcher(&watcher);
  for (FakeClient* client : {&a, &b}) {
    client->session.created_ms = client->session.last_active_ms = clock.monotonic_ms();
    clients.add(client->session);
  }
}

ClientsFixture::~ClientsFixture() {
  for (FakeClient* client : {&a, &b}) {
    pubsub.forget(client->session);
    tracking.disable(client->session);
  }
}

std::string ClientsFixture::run(FakeClient& client, std::string_view line) {
  const auto words = split_quoted(line);
  const std::vector<std::string_view> args(words->begin(), words->end());
  dispatcher.execute(client.session, {.command = table.find(args[0]), .args = args, .blobs = {}});
  return on_one_line(client.transport.take_output());
}

std::string ClientsFixture::read(FakeClient& client) {
  return on_one_line(client.transport.take_output());
}

}  // namespace tarn
