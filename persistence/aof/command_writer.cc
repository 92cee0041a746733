#include "persistence/aof/command_writer.h"

#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/format.h"
#include "core/base/numbers.h"
#include "core/keyspace/compressed_value.h"
#include "core/keyspace/keyspace.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "persistence/aof/annotation.h"

namespace tarn {
namespace {

constexpr std::size_t kElementsPerCommand = 64;
constexpr std::size_t kBatchBytes = 64 * 1024;

// Gathers commands and passes them on in batches, with the lines around them. The first failure of
// the sink is kept, and nothing is written after it.
class CommandBuffer {
 public:
  CommandBuffer(const BasePosition& position, ByteSink& sink) : position_(position), sink_(sink) {
    end_batch(position.left != 0 ? position.left : position.sequence);
  }

  template <class... Args>
  void command(Args... args) {
    start(sizeof...(Args));
    (argument(args), ...);
  }
  void start(std::size_t arguments) {
    if (bytes_.size() >= kBatchBytes) end_batch(position_.sequence);
    append_format(bytes_, "*{}\r\n", arguments);
  }
  void argument(std::string_view text) {
    append_format(bytes_, "${}\r\n", text.size());
    bytes_ += text;
    bytes_ += "\r\n";
  }
  void raw(std::string_view bytes) { bytes_ += bytes; }

  void finish() {
    if (!bytes_.empty()) end_batch(position_.sequence);
    end_batch(position_.sequence);
  }
  bool failed() const { return !result_; }
  Result<> result() const { return result_; }

 private:
  void end_batch(std::uint64_t safe) {
    bytes_ += print_annotation({.sequence = position_.sequence,
                                .bytes = bytes_.size(),
                                .safe = safe,
                                .time_ms = position_.time_ms},
                               bytes_, chain_);
    if (result_) result_ = sink_.write(bytes_);
    bytes_.clear();
  }

  const BasePosition& position_;
  ByteSink& sink_;
  ChecksumChain chain_;
  std::string bytes_;
  Result<> result_;
};

// One collection as commands of a few elements each. How many arguments a command has stands at its
// front, so its elements are gathered first.
class ElementWriter {
 public:
  ElementWriter(CommandBuffer& out, std::string_view command, std::string_view key)
      : out_(out), command_(command), key_(key) {}
  ~ElementWriter() { end_command(); }
  ElementWriter(const ElementWriter&) = delete;
  ElementWriter& operator=(const ElementWriter&) = delete;

  template <class... Args>
  void add(Args... args) {
    (argument(args), ...);
    if (++elements_ == kElementsPerCommand) end_command();
  }

 private:
  void argument(std::string_view text) {
    append_format(body_, "${}\r\n", text.size());
    body_ += text;
    body_ += "\r\n";
    ++arguments_;
  }
  void end_command() {
    if (elements_ == 0) return;
    out_.start(2 + arguments_);
    out_.argument(command_);
    out_.argument(key_);
    out_.raw(body_);
    body_.clear();
    arguments_ = 0;
    elements_ = 0;
  }

  CommandBuffer& out_;
  const std::string_view command_;
  const std::string_view key_;
  std::string body_;
  std::size_t arguments_ = 0;
  std::size_t elements_ = 0;
};

void write_string(CommandBuffer& out, const Entry& entry) {
  const StringView value(entry);
  out.start(3 + (entry.has_client_flags() ? 2 : 0) + (entry.awaits_value() ? 1 : 0));
  for (const std::string_view argument : {std::string_view("SET"), entry.key(), value.bytes()}) {
    out.argument(argument);
  }
  if (entry.has_client_flags()) {
    out.argument("FLAGS");
    out.argument(std::to_string(entry.client_flags()));
  }
  if (entry.awaits_value()) out.argument("STALE");
}

void write_list(CommandBuffer& out, const Entry& entry) {
  ElementWriter elements(out, "RPUSH", entry.key());
  PackedElement::Scratch scratch;
  ListView(entry.collection_view()).for_each([&](const PackedElement& element) {
    elements.add(element.text(scratch));
  });
}

void write_set(CommandBuffer& out, const Entry& entry) {
  ElementWriter elements(out, "SADD", entry.key());
  SetMember::Scratch scratch;
  SetView(entry.collection_view()).for_each([&](const SetMember& member) {
    elements.add(member.text(scratch));
  });
}

void write_sorted_set(CommandBuffer& out, const Entry& entry) {
  ElementWriter elements(out, "ZADD", entry.key());
  SetMember::Scratch scratch;
  char digits[kMaxDoubleChars];
  const SortedSetView set(entry.collection_view());
  set.for_each(set.all(), [&](const SetMember& member, double score) {
    elements.add(std::string_view(digits, format_double(digits, score)), member.text(scratch));
  });
}

void write_hash(CommandBuffer& out, const Entry& entry) {
  const HashView hash(entry.collection_view());
  {
    ElementWriter elements(out, "HMSET", entry.key());
    hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
      elements.add(field, value);
    });
  }
  hash.for_each([&](std::string_view field, std::string_view, std::int64_t deadline_ms) {
    if (deadline_ms == kNoDeadline) return;
    out.command("HPEXPIREAT", entry.key(), std::to_string(deadline_ms), "FIELDS", "1", field);
  });
}

void write_key(CommandBuffer& out, const Entry& entry) {
  switch (entry.type()) {
    case Type::kString: write_string(out, entry); break;
    case Type::kList: write_list(out, entry); break;
    case Type::kSet: write_set(out, entry); break;
    case Type::kSortedSet: write_sorted_set(out, entry); break;
    case Type::kHash: write_hash(out, entry); break;
    case Type::kStream: TARN_ASSERT(false && "no key holds a stream"); break;
  }
  if (entry.has_deadline()) {
    out.command("PEXPIREAT", entry.key(), std::to_string(entry.deadline_ms()));
  }
}

}  // namespace

Result<> write_commands(const Databases& databases, const BasePosition& position, bool timestamps,
                        ByteSink& sink) {
  CommandBuffer out(position, sink);
  if (timestamps) out.raw(print_timestamp(position.time_ms));
  for (std::size_t i = 0; i < databases.size(); ++i) {
    if (databases[i].empty()) continue;
    out.command("SELECT", std::to_string(i));
    databases[i].for_each([&](const Entry& entry) {
      if (!out.failed()) write_key(out, *PlainEntry(entry));
    });
  }
  out.finish();
  return out.result();
}

}  // namespace tarn
