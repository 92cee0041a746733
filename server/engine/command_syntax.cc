#include "server/engine/command_syntax.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/assert.h"

namespace tarn {
namespace {

using Type = CommandArgument::Type;
using Arguments = std::vector<CommandArgument>;

constexpr std::pair<Type, std::string_view> kTypeNames[] = {
    {Type::kString, "string"},        {Type::kInteger, "integer"},
    {Type::kDouble, "double"},        {Type::kKey, "key"},
    {Type::kPattern, "pattern"},      {Type::kUnixTime, "unix-time"},
    {Type::kPureToken, "pure-token"}, {Type::kOneOf, "oneof"},
    {Type::kBlock, "block"},
};

// What a value of this name is, unless its syntax says otherwise; all others are strings.
struct KnownName {
  std::string_view name;
  Type type;
};
constexpr KnownName kKnownNames[] = {
    {"key", Type::kKey},
    {"key1", Type::kKey},
    {"key2", Type::kKey},
    {"newkey", Type::kKey},
    {"destkey", Type::kKey},
    {"sourcekey", Type::kKey},
    {"source", Type::kKey},
    {"destination", Type::kKey},
    {"src", Type::kKey},
    {"dst", Type::kKey},
    {"pattern", Type::kPattern},
    {"unix-time-seconds", Type::kUnixTime},
    {"unix-time-milliseconds", Type::kUnixTime},
    {"score", Type::kDouble},
    {"longitude", Type::kDouble},
    {"latitude", Type::kDouble},
    {"radius", Type::kDouble},
    {"width", Type::kDouble},
    {"height", Type::kDouble},
    {"bit", Type::kInteger},
    {"bits", Type::kInteger},
    {"client-id", Type::kInteger},
    {"count", Type::kInteger},
    {"cursor", Type::kInteger},
    {"db", Type::kInteger},
    {"decrement", Type::kInteger},
    {"destination-db", Type::kInteger},
    {"end", Type::kInteger},
    {"frequency", Type::kInteger},
    {"increment", Type::kInteger},
    {"index", Type::kInteger},
    {"index1", Type::kInteger},
    {"index2", Type::kInteger},
    {"len", Type::kInteger},
    {"limit", Type::kInteger},
    {"maxage", Type::kInteger},
    {"milliseconds", Type::kInteger},
    {"min-match-len", Type::kInteger},
    {"ms", Type::kInteger},
    {"num-matches", Type::kInteger},
    {"numkeys", Type::kInteger},
    {"numreplicas", Type::kInteger},
    {"offset", Type::kInteger},
    {"port", Type::kInteger},
    {"protover", Type::kInteger},
    {"rank", Type::kInteger},
    {"seconds", Type::kInteger},
    {"start", Type::kInteger},
    {"stop", Type::kInteger},
    {"timeout", Type::kInteger},
    {"ttl", Type::kInteger},
    {"version", Type::kInteger},
    {"weight", Type::kInteger},
};

Type type_by_name(std::string_view name) {
  for (const KnownName& known : kKnownNames) {
    if (known.name == name) return known.type;
  }
  return Type::kString;
}

// Splits "increment:double" into the name and the type; no type where the part behind the last
// colon is none.
std::pair<std::string_view, const Type*> split_type(std::string_view word) {
  const std::size_t colon = word.rfind(':');
  if (colon != std::string_view::npos) {
    for (const auto& [type, name] : kTypeNames) {
      if (word.substr(colon + 1) == name) return {word.substr(0, colon), &type};
    }
  }
  return {word, nullptr};
}

// Splits "count@6.2.0" into the word and the version.
std::pair<std::string_view, std::string_view> split_version(std::string_view word) {
  const std::size_t at = word.find('@');
  if (at == std::string_view::npos) return {word, {}};
  return {word.substr(0, at), word.substr(at + 1)};
}

void set_version(CommandArgument& argument, std::string_view version) {
  if (version.starts_with('-')) {
    argument.deprecated_since = version.substr(1);
  } else if (!version.empty()) {
    argument.since = version;
  }
}

bool is_token(std::string_view word) {
  return std::none_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

CommandArgument word_argument(std::string_view text) {
  const auto [word, version] = split_version(text);
  CommandArgument argument;
  set_version(argument, version);
  if (is_token(word)) {
    argument.type = Type::kPureToken;
    argument.token = word;
    argument.name = argument.display = lower_case(word);
    return argument;
  }
  const auto [name, type] = split_type(word);
  argument.name = argument.display = name;
  argument.type = type != nullptr ? *type : type_by_name(name);
  return argument;
}

std::string joined_names(const Arguments& members) {
  std::string joined;
  for (const CommandArgument& member : members) {
    if (!joined.empty()) joined += '_';
    joined += member.name;
  }
  return joined;
}

CommandArgument group_of(Type type, Arguments members) {
  CommandArgument group;
  group.type = type;
  group.name = joined_names(members);
  for (const CommandArgument& member : members) {
    if (type != Type::kOneOf) break;
    if (member.token == "NX" || member.token == "XX") group.name = "condition";
    if (member.token == "EX") group.name = "expiration";
  }
  group.members = std::move(members);
  return group;
}

// Makes one argument of a sequence; a token at its beginning introduces the rest.
CommandArgument fold(Arguments sequence) {
  if (sequence.size() == 1) return std::move(sequence.front());
  if (sequence.front().type != Type::kPureToken) {
    return group_of(Type::kBlock, std::move(sequence));
  }
  const std::string token = sequence.front().token;
  sequence.erase(sequence.begin());
  CommandArgument argument = sequence.size() == 1 && sequence.front().token.empty()
                                 ? std::move(sequence.front())
                                 : group_of(Type::kBlock, std::move(sequence));
  argument.token = token;
  return argument;
}

bool same_kind(const CommandArgument& left, const CommandArgument& right) {
  return left.type == right.type && left.name == right.name && left.token == right.token;
}

// --- Reading

// What is between two brackets.
struct Group {
  std::vector<Arguments> alternatives;
  bool repeats = false;  // ends with "..."

  CommandArgument fold_all() {
    if (alternatives.size() == 1) return fold(std::move(alternatives.front()));
    Arguments members;
    for (Arguments& alternative : alternatives) members.push_back(fold(std::move(alternative)));
    return group_of(Type::kOneOf, std::move(members));
  }
};

class SyntaxParser {
 public:
  explicit SyntaxParser(std::string_view text) : text_(text) {}

  // Items from space to space, up to the end.
  Arguments top_level() {
    Arguments sequence;
    skip_spaces();
    while (at_ < text_.size()) {
      item(sequence);
      if (peek() == '|') either(sequence);
      skip_spaces();
    }
    return sequence;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void skip_spaces() {
    while (accept(' ')) {
    }
  }

  std::string_view word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view(" []()|").find(text_[at_]) == text_.npos) ++at_;
    TARN_ASSERT(at_ > start);
    return text_.substr(start, at_ - start);
  }

  // Reads one item behind those of `sequence`, or, if it says that they repeat, into them.
  void item(Arguments& sequence) {
    std::string_view label;
    if (peek() != '[' && peek() != '(') {
      const std::string_view read = word();
      const bool is_label =
          read.size() > 1 && read.back() == '=' && (peek() == '[' || peek() == '(');
      if (!is_label) return sequence.push_back(word_argument(read));
      label = read.substr(0, read.size() - 1);
    }
    const bool optional = accept('[');
    TARN_ASSERT(optional || accept('('));
    Group inner = group(optional ? ']' : ')');
    if (optional && inner.repeats && repeat_tail(sequence, inner)) return;
    CommandArgument argument = inner.fold_all();
    argument.optional |= optional;
    argument.multiple |= inner.repeats;
    if (!label.empty()) argument.name = label;
    if (peek() == '@') set_version(argument, split_version(word()).second);
    sequence.push_back(std::move(argument));
  }

  Group group(char closing) {
    Group read;
    read.alternatives.emplace_back();
    for (skip_spaces(); !accept(closing); skip_spaces()) {
      TARN_ASSERT(at_ < text_.size());
      if (accept('|')) {
        read.alternatives.emplace_back();
      } else if (text_.substr(at_).starts_with("...")) {
        at_ += 3;
        read.repeats = true;
      } else {
        item(read.alternatives.back());
      }
    }
    return read;
  }

  // Outside of brackets: the last item or the next one.
  void either(Arguments& sequence) {
    Arguments members;
    members.push_back(std::move(sequence.back()));
    sequence.pop_back();
    while (accept('|')) item(members);
    sequence.push_back(group_of(Type::kOneOf, std::move(members)));
  }

  // Whether the repeated group is what the sequence ends with; if so, that is marked to repeat.
  static bool repeat_tail(Arguments& sequence, const Group& inner) {
    const Arguments& again = inner.alternatives.front();
    if (inner.alternatives.size() != 1 || again.size() > sequence.size()) return false;
    const auto tail = sequence.end() - static_cast<std::ptrdiff_t>(again.size());
    if (!std::equal(again.begin(), again.end(), tail, same_kind)) return false;
    CommandArgument repeated = fold(Arguments(tail, sequence.end()));
    repeated.multiple = true;
    repeated.multiple_token = again.size() > 1 && again.front().type == Type::kPureToken;
    sequence.erase(tail, sequence.end());
    sequence.push_back(std::move(repeated));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Finds keys by the specs in their order; the last spec finds all that are left. Patterns that
// stand for keys share the spec that says that nobody knows where these are.
class KeyNumbers {
 public:
  explicit KeyNumbers(const CommandRow& row) {
    for (const KeySpec& spec : row.keys) {
      if (spec.begin == KeySpec::Begin::kNone) break;
      if (spec.begin == KeySpec::Begin::kUnknown && unknown_ < 0) unknown_ = specs_;
      ++specs_;
    }
  }

  void give(Arguments& arguments) {
    for (CommandArgument& argument : arguments) {
      if (argument.type == Type::kPattern) argument.key_spec = unknown_;
      if (argument.type == Type::kKey) {
        if (next_ == unknown_) ++next_;
        if (specs_ == 0) {
          argument.type = Type::kString;
        } else {
          argument.key_spec = std::min(next_++, specs_ - 1);
        }
      }
      give(argument.members);
    }
  }

 private:
  int specs_ = 0;
  int unknown_ = -1;
  int next_ = 0;
};

}  // namespace

std::vector<CommandArgument> parse_syntax(const CommandRow& row) {
  Arguments arguments = SyntaxParser(row.syntax).top_level();
  KeyNumbers(row).give(arguments);
  return arguments;
}

std::string_view argument_type_name(CommandArgument::Type type) {
  return kTypeNames[static_cast<std::size_t>(type)].second;
}

std::string plain_syntax(std::string_view syntax) {
  constexpr std::string_view kEnds = " []()|";
  std::string plain;
  while (!syntax.empty()) {
    std::size_t length = std::min(syntax.find_first_of(kEnds), syntax.size());
    const std::string_view word = syntax.substr(0, length);
    const bool label = word.size() > 1 && word.back() == '=' && length < syntax.size() &&
                       (syntax[length] == '[' || syntax[length] == '(');
    if (!label) plain += split_type(split_version(word).first).first;
    if (length < syntax.size()) plain += syntax[length++];
    syntax.remove_prefix(length);
  }
  return plain;
}

}  // namespace tarn
