#include "tests/server/memcached/memcached_fixture.h"

#include <algorithm>

#include "core/base/assert.h"

namespace tarn {

MemcachedFixture::MemcachedFixture() : databases(clock, 16), dispatcher(table, databases, clock) {
  add_memcached_commands(table, services_);
  context_.emplace(clients, table);
  connect();
}

MemcachedFixture::~MemcachedFixture() {
  client->on_closed();
  propagation.set_sink(nullptr);
}

void MemcachedFixture::connect() {
  if (client) client->on_closed();
  client.reset();
  pending_.clear();
  transport = std::make_unique<FakeTransport>();
  client = std::make_unique<MemcachedClient>(*transport, *context_);
}

std::string MemcachedFixture::send(std::string_view bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    if (const auto target = client->direct_target(); !target.empty()) {
      const std::size_t taken = std::min(target.size(), rest.size());
      rest.copy(target.data(), taken);
      rest.remove_prefix(taken);
      client->on_direct(taken);
    } else {
      pending_.append(rest);
      rest = {};
    }
    deliver();
  }
  return take_output();
}

std::string MemcachedFixture::go_on() {
  deliver();
  return take_output();
}

void MemcachedFixture::set_option(std::string_view name, std::string_view value) {
  const Config::Setting setting(name, value);
  TARN_ASSERT(config.set(std::span(&setting, 1)).ok());
}

void MemcachedFixture::put_list(std::string_view key) {
  db().set_string(Key(key), "items", Ttl::none());
  db().peek(Key(key))->set_type(Type::kList, StringEncoding::kEmbedded);
}

void MemcachedFixture::deliver() {
  bool more = true;
  while (more && client->direct_target().empty() && !client->session().closing) {
    const InputHandler::Taken taken = client->on_input(pending_);
    pending_ = pending_.substr(taken.front, pending_.size() - taken.front - taken.back);
    more = taken.more;
  }
}

std::string MemcachedFixture::take_output() {
  const std::string bytes = transport->take_output();
  if (bytes.starts_with('\x81')) return bytes;  // the binary protocol has no lines
  std::string shown;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes.compare(i, 2, "\r\n") == 0) {
      shown += '|';
      ++i;
    } else {
      shown += bytes[i];
    }
  }
  return shown;
}

}  // namespace tarn
