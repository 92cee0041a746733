// COMMAND DOCS: what people, and programs that help them type, want to know of a command.

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "server/commands/command_info.h"
#include "server/engine/client_services.h"
#include "server/engine/command_syntax.h"

namespace tarn {
namespace {

// A map whose fields are known one after the other, as are those that are left out.
class Fields {
 public:
  explicit Fields(Reply& reply) : reply_(reply) {}

  void add(std::string_view name, std::function<void()> write_value) {
    fields_.emplace_back(name, std::move(write_value));
  }
  // Left out where it is empty.
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, [this, value] { reply_.bulk(value); });
  }
  void write() const {
    reply_.map(fields_.size());
    for (const auto& [name, write_value] : fields_) {
      reply_.bulk(name);
      write_value();
    }
  }

 private:
  Reply& reply_;
  std::vector<std::pair<std::string_view, std::function<void()>>> fields_;
};

void reply_flags(Reply& reply, const CommandArgument& argument) {
  reply.set(std::size_t{argument.optional} + std::size_t{argument.multiple} +
            std::size_t{argument.multiple_token});
  if (argument.optional) reply.simple("optional");
  if (argument.multiple) reply.simple("multiple");
  if (argument.multiple_token) reply.simple("multiple_token");
}

void reply_arguments(Reply& reply, const std::vector<CommandArgument>& arguments) {
  reply.array(arguments.size());
  for (const CommandArgument& argument : arguments) {
    Fields fields(reply);
    fields.text("name", argument.name);
    fields.text("type", argument_type_name(argument.type));
    fields.text("display_text", argument.display);
    if (argument.key_spec >= 0) {
      fields.add("key_spec_index", [&] { reply.integer(argument.key_spec); });
    }
    fields.text("token", argument.token);
    fields.text("since", argument.since);
    fields.text("deprecated_since", argument.deprecated_since);
    if (argument.optional || argument.multiple) {
      fields.add("flags", [&] { reply_flags(reply, argument); });
    }
    if (!argument.members.empty()) {
      fields.add("arguments", [&] { reply_arguments(reply, argument.members); });
    }
    fields.write();
  }
}

// "version: change" lines.
void reply_history(Reply& reply, std::string_view history) {
  reply.array(1 + static_cast<std::size_t>(std::count(history.begin(), history.end(), '\n')));
  while (!history.empty()) {
    const std::string_view line = history.substr(0, history.find('\n'));
    const std::size_t colon = line.find(": ");
    reply.array(2);
    reply.bulk(line.substr(0, colon));
    reply.bulk(line.substr(colon + 2));
    history.remove_prefix(std::min(line.size() + 1, history.size()));
  }
}

void reply_docs(Reply& reply, const Command& command) {
  const CommandRow& row = *command.row;
  Fields fields(reply);
  fields.text("summary", row.summary);
  fields.text("since", row.since);
  fields.text("group", row.group);
  fields.text("complexity", row.complexity);
  if (!row.deprecated_since.empty() || row.is_internal) {
    fields.add("doc_flags", [&] {
      reply.set(1);
      reply.simple(row.is_internal ? "syscmd" : "deprecated");
    });
  }
  fields.text("deprecated_since", row.deprecated_since);
  fields.text("replaced_by", row.replaced_by);
  if (!row.history.empty()) {
    fields.add("history", [&] { reply_history(reply, row.history); });
  }
  if (!row.syntax.empty()) {
    fields.add("arguments", [&] { reply_arguments(reply, parse_syntax(row)); });
  }
  if (!command.subcommands.empty()) {
    fields.add("subcommands", [&] {
      reply.map(command.subcommands.size());
      for (const auto& subcommand : command.subcommands) reply_docs(reply, *subcommand);
    });
  }
  reply.bulk(command.full_name);
  fields.write();
}

}  // namespace

void command_docs(Call& call) {
  const CommandTable& table = call.feature<ClientServices>().dispatcher.table();
  std::vector<const Command*> wanted;
  if (call.args.size() == 2) {
    for (const auto& command : table.commands()) wanted.push_back(command.get());
  }
  for (const std::string_view name : call.args.subspan(2)) {
    if (const Command* command = table.find_full(name)) wanted.push_back(command);
  }
  call.reply.map(wanted.size());
  for (const Command* command : wanted) reply_docs(call.reply, *command);
}

}  // namespace tarn
