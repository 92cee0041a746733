// COMMAND INFO: what programs, first of all routers and access rules, need to know of a command.

#include "server/commands/command_info.h"

#include <algorithm>

#include "server/commands/command_names.h"
#include "server/engine/client_services.h"

namespace tarn {
namespace {

// The words of a text, one by one.
template <class Visit>
void for_each_word(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void reply_tips(Reply& reply, std::string_view tips) {
  std::size_t count = 0;
  for_each_word(tips, [&](std::string_view) { ++count; });
  reply.set(count);
  for_each_word(tips, [&](std::string_view tip) { reply.bulk(tip); });
}

void reply_field(Reply& reply, std::string_view name, std::int64_t value) {
  reply.bulk(name);
  reply.integer(value);
}

void begin_half(Reply& reply, std::string_view half, std::string_view type, std::size_t fields) {
  reply.bulk(half);
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(fields);
}

void reply_begin_search(Reply& reply, const KeySpec& spec) {
  switch (spec.begin) {
    case KeySpec::Begin::kIndex:
      begin_half(reply, "begin_search", "index", 1);
      return reply_field(reply, "index", spec.index);
    case KeySpec::Begin::kKeyword:
      begin_half(reply, "begin_search", "keyword", 2);
      reply.bulk("keyword");
      reply.bulk(spec.keyword);
      return reply_field(reply, "startfrom", spec.index);
    case KeySpec::Begin::kNone:
    case KeySpec::Begin::kUnknown: return begin_half(reply, "begin_search", "unknown", 0);
  }
}

void reply_find_keys(Reply& reply, const KeySpec& spec) {
  switch (spec.find) {
    case KeySpec::Find::kRange:
      begin_half(reply, "find_keys", "range", 3);
      reply_field(reply, "lastkey", spec.last);
      reply_field(reply, "keystep", spec.step);
      return reply_field(reply, "limit", spec.limit);
    case KeySpec::Find::kKeyCount:
      begin_half(reply, "find_keys", "keynum", 3);
      reply_field(reply, "keynumidx", spec.key_count_index);
      reply_field(reply, "firstkey", spec.first_key_offset);
      return reply_field(reply, "keystep", spec.step);
    case KeySpec::Find::kUnknown: return begin_half(reply, "find_keys", "unknown", 0);
  }
}

void reply_key_specs(Reply& reply, const CommandRow& row) {
  const auto end = std::find_if(row.keys.begin(), row.keys.end(), [](const KeySpec& spec) {
    return spec.begin == KeySpec::Begin::kNone;
  });
  const std::span specs(row.keys.begin(), end);
  reply.set(specs.size());
  for (const KeySpec& spec : specs) {
    reply.map(spec.notes.empty() ? 3 : 4);
    if (!spec.notes.empty()) {
      reply.bulk("notes");
      reply.bulk(spec.notes);
    }
    reply.bulk("flags");
    reply_key_flags(reply, spec.flags);
    reply_begin_search(reply, spec);
    reply_find_keys(reply, spec);
  }
}

void reply_command(Reply& reply, const Command& command) {
  reply.array(10);
  reply.bulk(command.full_name);
  reply.integer(command.row->arity);
  reply_command_flags(reply, command.flags);
  reply.integer(command.first_key);
  reply.integer(command.last_key);
  reply.integer(command.key_step);
  reply_categories(reply, command.categories);
  reply_tips(reply, command.row->tips);
  reply_key_specs(reply, *command.row);
  command.subcommands.empty() ? reply.set(0) : reply.array(command.subcommands.size());
  for (const auto& subcommand : command.subcommands) reply_command(reply, *subcommand);
}

}  // namespace

void reply_all_commands(Call& call) {
  const CommandTable& table = call.feature<ClientServices>().dispatcher.table();
  call.reply.array(table.commands().size());
  for (const auto& command : table.commands()) reply_command(call.reply, *command);
}

void command_info(Call& call) {
  if (call.args.size() == 2) return reply_all_commands(call);
  const CommandTable& table = call.feature<ClientServices>().dispatcher.table();
  call.reply.array(call.args.size() - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const Command* command = table.find_full(name);
    command != nullptr ? reply_command(call.reply, *command) : call.reply.null();
  }
}

}  // namespace tarn
