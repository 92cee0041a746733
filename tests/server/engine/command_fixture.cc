#include "tests/server/engine/command_fixture.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/quoting.h"
#include "tests/server/engine/fake_transport.h"

namespace tarn {

CommandFixture::CommandFixture(Families families)
    : databases(clock, 16), dispatcher(table, databases, clock), out_(pool_), session(1, out_) {
  for (const auto rows : families) table.add(rows, std::as_const(config));
}

CommandFixture::~CommandFixture() = default;

std::string CommandFixture::run(std::string_view line) {
  const auto words = split_quoted(line);
  TARN_ASSERT(words.has_value());
  return on_one_line(run_raw({words->begin(), words->end()}));
}

std::string CommandFixture::run(std::initializer_list<std::string_view> args) {
  return on_one_line(run_raw(std::vector<std::string>(args.begin(), args.end())));
}

std::string CommandFixture::run_raw(const std::vector<std::string>& words,
                                    std::span<const BlobRef> blobs) {
  const std::vector<std::string_view> args(words.begin(), words.end());
  dispatcher.execute(session, {.command = table.find(args[0]), .args = args, .blobs = blobs});
  return take_bytes(out_);
}

Entry* CommandFixture::entry(std::string_view key) { return databases[0].peek(Key(key)); }

std::int64_t CommandFixture::deadline_ms(std::string_view key) {
  return entry(key)->has_deadline() ? entry(key)->deadline_ms() : 0;
}

void CommandFixture::put_list(std::string_view key) {
  databases[0].set_string(Key(key), "items", Ttl::none());
  entry(key)->set_type(Type::kList, StringEncoding::kEmbedded);
}

void CommandFixture::set_option(std::string_view name, std::string_view value) {
  const Config::Setting setting(name, value);
  TARN_ASSERT(config.set(std::span(&setting, 1)).ok());
}

std::string CommandFixture::on_one_line(std::string_view reply) {
  std::string line;
  for (std::size_t at = 0; at < reply.size();) {
    const std::size_t end = std::min(reply.find("\r\n", at), reply.size());
    if (at > 0) line += ' ';
    line += reply.substr(at, end - at);
    at = end + 2;
  }
  return line;
}

int occurrences(std::string_view reply, std::string_view part) {
  int found = 0;
  for (std::size_t at = reply.find(part); at != reply.npos; at = reply.find(part, at)) {
    ++found;
    at += part.size();
  }
  return found;
}

}  // namespace tarn
