#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <tuple>
#include <vector>

#include "core/types/detached_cell.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "server/commands/families.h"
#include "server/commands/text_arena.h"
#include "server/commands/value_access.h"
#include "server/config/config.h"
#include "server/engine/args.h"

// SORT: the elements of a list, a set or a sorted set in an order of their own.
//
//  1. The elements are copied aside, in order: what a pattern looks up may delete an expired key.
//  2. Each gets its weight: what BY looks up for it, or itself; a number, or under ALPHA a text.
//  3. As much as LIMIT asks for is sorted.
//  4. What GET looks up for each, or the element itself, is replied or stored as a list.

namespace tarn {
namespace {

constexpr std::string_view kNotConvertible =
    "ERR One or more scores can't be converted into double";

// The name of a key, or of a key's field ("key->field"), with a star in the key's name where the
// element goes.
class Pattern {
 public:
  explicit Pattern(std::string_view text) : is_element_(text == "#") {
    const std::size_t star = text.find('*');
    has_star_ = star != std::string_view::npos;
    if (!has_star_) return;
    before_ = text.substr(0, star);
    after_ = text.substr(star + 1);
    if (const std::size_t arrow = after_.find("->");
        arrow != std::string_view::npos && arrow + 2 < after_.size()) {
      field_ = after_.substr(arrow + 2);
      after_ = after_.substr(0, arrow);
    }
  }

  bool has_star() const { return has_star_; }

  // Calls fn(std::optional<std::string_view>) with what the pattern names for the element; the view
  // is good during the call only.
  template <class Fn>
  void look_up(Keyspace& keyspace, std::string_view element, std::string& name, Fn&& fn) const {
    if (is_element_) return fn(std::optional(element));
    if (!has_star_) return fn(std::optional<std::string_view>());
    name.assign(before_).append(element).append(after_);
    const Entry* entry = keyspace.find(Key(name));
    if (entry == nullptr) return fn(std::optional<std::string_view>());
    if (!field_.empty()) {
      HashView::Scratch scratch;
      const HashView hash =
          entry->type() == Type::kHash ? HashView(entry->collection_view()) : HashView();
      return fn(hash.get(field_, scratch));
    }
    if (entry->type() != Type::kString) return fn(std::optional<std::string_view>());
    fn(std::optional(StringView(*entry).bytes()));
  }

 private:
  bool is_element_;
  bool has_star_;
  std::string_view before_;
  std::string_view after_;
  std::string_view field_;
};

struct SortOptions {
  std::optional<Pattern> by;
  std::vector<Pattern> get;
  std::int64_t offset = 0;
  std::int64_t count = -1;
  bool alpha = false;
  bool descending = false;
  std::optional<std::size_t> store;  // the position of the target among the arguments

  void read(ArgReader& args, bool may_store) {
    while (args.ok() && !args.at_end()) {
      if (args.accept("asc")) {
        descending = false;
      } else if (args.accept("desc")) {
        descending = true;
      } else if (args.accept("alpha")) {
        alpha = true;
      } else if (args.accept("limit", 2)) {
        offset = args.integer();
        count = args.integer();
      } else if (may_store && args.accept("store", 1)) {
        store = args.position();
        args.next();
      } else if (args.accept("by", 1)) {
        by.emplace(args.next());
      } else if (args.accept("get", 1)) {
        get.emplace_back(args.next());
      } else {
        args.fail_syntax();
      }
    }
  }
};

struct Item {
  std::string_view element;
  double score = 0;
  const char* text = nullptr;  // under ALPHA; null where BY found nothing, which comes first
  std::size_t text_bytes = 0;
};

class Sorter {
 public:
  Sorter(Call& call, const SortOptions& options) : call_(call), options_(options) {
    // What is kept must not depend on the order of a table.
    ordered_by_nothing_ = options.by && !options.by->has_star();
  }

  // Returns false where an error was replied.
  bool run(const Entry* source) {
    if (source != nullptr) {
      if (ordered_by_nothing_ && source->type() == Type::kSet && options_.store) {
        ordered_by_nothing_ = false;
        as_alpha_ = true;
      }
      collect(*source);
    }
    if (!ordered_by_nothing_) {
      if (!weigh()) {
        call_.reply.error(kNotConvertible);
        return false;
      }
      sort();
    }
    return true;
  }

  std::size_t values() const { return selected().size() * std::max<std::size_t>(1, gets()); }

  // Calls fn(std::optional<std::string_view>) for all values of the result.
  template <class Fn>
  void for_each_value(Fn&& fn) {
    for (const Item& item : selected()) {
      if (gets() == 0) fn(std::optional(item.element));
      for (const Pattern& pattern : options_.get) {
        pattern.look_up(call_.db(), item.element, name_, fn);
      }
    }
  }

 private:
  std::size_t gets() const { return options_.get.size(); }
  bool alpha() const { return options_.alpha || as_alpha_; }

  void collect(const Entry& source) {
    PackedElement::Scratch scratch;
    const auto add = [&](const auto& element) {
      items_.push_back({texts_.keep(element.text(scratch))});
    };
    switch (source.type()) {
      case Type::kList: ListView(source.collection_view()).for_each(add); break;
      case Type::kSet: SetView(source.collection_view()).for_each(add); break;
      default: collect_sorted_set(SortedSetView(source.collection_view()), add);
    }
    if (!limited_) limit();
  }

  // One that is not to be sorted comes in its own order, as much of it as LIMIT asks for.
  template <class Add>
  void collect_sorted_set(const SortedSetView& set, Add& add) {
    const auto add_member = [&add](const SetMember& member, double) { add(member); };
    if (!ordered_by_nothing_) return set.for_each(set.all(), add_member);
    const auto [first, last] = range(set.size());
    const RankRange ranks = options_.descending ? RankRange{set.size() - last, set.size() - first}
                                                : RankRange{first, last};
    options_.descending ? set.for_each_downward(ranks, add_member)
                        : set.for_each(ranks, add_member);
    first_ = 0;
    last_ = items_.size();
    limited_ = true;
  }

  // What LIMIT leaves of `size` elements: [first, last).
  std::pair<std::size_t, std::size_t> range(std::size_t size) const {
    const auto all = static_cast<std::int64_t>(size);
    const std::int64_t first = std::clamp<std::int64_t>(options_.offset, 0, all);
    const std::int64_t count =
        options_.count < 0 ? all - first : std::min(options_.count, all - first);
    return {static_cast<std::size_t>(first), static_cast<std::size_t>(first + count)};
  }
  void limit() { std::tie(first_, last_) = range(items_.size()); }

  std::span<const Item> selected() const {
    return std::span(items_).subspan(first_, last_ - first_);
  }

  bool weigh() {
    bool convertible = true;
    for (Item& item : items_) {
      const auto weigh_by = [&](std::optional<std::string_view> weight) {
        if (weight) convertible &= set_weight(item, *weight);
      };
      if (options_.by && !as_alpha_) {
        options_.by->look_up(call_.db(), item.element, name_, weigh_by);
      } else {
        weigh_by(item.element);
      }
    }
    return convertible;
  }

  bool set_weight(Item& item, std::string_view weight) {
    const bool is_element = weight.data() == item.element.data();
    if (alpha()) {
      const std::string_view kept = is_element ? weight : texts_.keep(weight);
      item.text = kept.data();
      item.text_bytes = kept.size();
      return true;
    }
    // As Redis reads them: what strtod takes, from space in front to a zero byte.
    number_.assign(weight);
    char* end = nullptr;
    errno = 0;
    item.score = std::strtod(number_.c_str(), &end);
    return *end == '\0' && errno != ERANGE && !std::isnan(item.score);
  }

  static int compare_bytes(std::string_view a, std::string_view b) {
    const int order = a.compare(b);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }

  int compare(const Item& a, const Item& b) const {
    if (!alpha()) {
      if (a.score != b.score) return a.score < b.score ? -1 : 1;
      // So that the result does not depend on the order that the elements had.
      return compare_bytes(a.element, b.element);
    }
    if (a.text == nullptr || b.text == nullptr) {
      return (a.text != nullptr ? 1 : 0) - (b.text != nullptr ? 1 : 0);
    }
    // What is stored must not depend on the locale.
    if (!options_.store) return std::strcoll(a.text, b.text);
    return compare_bytes({a.text, a.text_bytes}, {b.text, b.text_bytes});
  }

  void sort() {
    const auto before = [this](const Item& a, const Item& b) {
      const int order = compare(a, b);
      return options_.descending ? order > 0 : order < 0;
    };
    const auto begin = items_.begin();
    if (last_ == items_.size()) {
      // Under a locale, different texts can be equal; they stay in the order that they had.
      std::stable_sort(begin, items_.end(), before);
    } else {
      std::partial_sort(begin, begin + static_cast<std::ptrdiff_t>(last_), items_.end(), before);
    }
  }

  Call& call_;
  const SortOptions& options_;
  bool ordered_by_nothing_ = false;
  bool as_alpha_ = false;
  bool limited_ = false;
  TextArena texts_;
  std::vector<Item> items_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::string name_;
  std::string number_;
};

void store(Call& call, Sorter& sorter, const Key& target) {
  const std::size_t count = sorter.values();
  if (count == 0) {
    if (call.db().erase(target)) call.notify(kNotifyGeneric, "del", target.bytes);
    return call.reply.integer(0);
  }
  DetachedCell cell(call.databases.context().collections->objects());
  const Options& options = call.feature<const Config>().options();
  List list(cell,
            ListLimits::of_options(options.list_max_listpack_size, options.list_compress_depth));
  sorter.for_each_value([&list](std::optional<std::string_view> value) {
    list.push(ListEnd::kBack, PackedProbe(value.value_or("")));
  });
  call.db().put(target, Type::kList, cell, Ttl::none());
  call.notify(kNotifyList, "sortstore", target.bytes);
  call.reply.integer(static_cast<std::int64_t>(count));
}

bool is_sortable(const Entry* entry) {
  return entry == nullptr || entry->type() == Type::kList || entry->type() == Type::kSet ||
         entry->type() == Type::kSortedSet;
}

void sort_with(Call& call, bool may_store) {
  ArgReader args(call, 2);
  SortOptions options;
  options.read(args, may_store);
  if (args.failed()) return;
  const Key key = call.key(1);
  const Entry* source = call.db().find(key);
  if (!is_sortable(source)) return call.reply.error(errors::kWrongType);

  Sorter sorter(call, options);
  if (!sorter.run(source)) return;
  if (options.store) return store(call, sorter, Key(call.args[*options.store]));
  call.reply.array(sorter.values());
  sorter.for_each_value([&call](std::optional<std::string_view> value) {
    value ? call.reply.bulk(*value) : call.reply.null();
  });
}

void sort(Call& call) { sort_with(call, true); }
void sort_ro(Call& call) { sort_with(call, false); }

// The key, and the last target of STORE, for that one counts.
bool find_sort_keys(std::span<const std::string_view> args, std::vector<FoundKey>& keys) {
  keys.push_back({1, kRO | kAccess});
  std::optional<std::size_t> store;
  for (std::size_t i = 2; i < args.size(); ++i) {
    if (equals_ignoring_case(args[i], "limit")) {
      i += 2;
    } else if (equals_ignoring_case(args[i], "get") || equals_ignoring_case(args[i], "by")) {
      ++i;
    } else if (equals_ignoring_case(args[i], "store") && i + 1 < args.size()) {
      store = ++i;
    }
  }
  if (store) keys.push_back({static_cast<int>(*store), kOW | kUpdate});
  return true;
}

bool find_sort_ro_keys(std::span<const std::string_view>, std::vector<FoundKey>& keys) {
  keys.push_back({1, kRO | kAccess});
  return true;
}

constexpr KeySpec unknown_keys(int flags, std::string_view notes) {
  return {.flags = static_cast<std::uint16_t>(flags),
          .begin = KeySpec::Begin::kUnknown,
          .find = KeySpec::Find::kUnknown,
          .notes = notes};
}

constexpr std::string_view kPatternNotes =
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the "
    "content of the key we sort";
constexpr std::string_view kStoreNotes =
    "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear "
    "anywhere in the argument array";
constexpr std::uint32_t kSortCategories =
    kSetCategory | kSortedSetCategory | kListCategory | kDangerousCategory;

constexpr CommandRow kRows[] = {
    {
        .name = "sort",
        .handler = sort,
        .arity = -2,
        .flags = kWrite | kDenyOom,
        .categories = kSortCategories,
        .keys = {key_at(1, kRO | kAccess), unknown_keys(kRO | kAccess, kPatternNotes),
                 unknown_keys(kOW | kUpdate, kStoreNotes)},
        .find_keys = find_sort_keys,
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(N+M*log(M)) for N elements, M of them asked for; O(N) without sorting",
        .summary = "Sorts the elements of a list, a set or a sorted set, and may store the result",
        .syntax = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] "
                  "order=[ASC|DESC] sorting=[ALPHA] [STORE destination]",
    },
    {
        .name = "sort_ro",
        .handler = sort_ro,
        .arity = -2,
        .flags = kReadonly,
        .categories = kSortCategories,
        .keys = {key_at(1, kRO | kAccess), unknown_keys(kRO | kAccess, kPatternNotes)},
        .find_keys = find_sort_ro_keys,
        .group = "generic",
        .since = "7.0.0",
        .complexity = "O(N+M*log(M)) for N elements, M of them asked for; O(N) without sorting",
        .summary = "Sorts the elements of a list, a set or a sorted set",
        .syntax = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] "
                  "order=[ASC|DESC] sorting=[ALPHA]",
    },
};

}  // namespace

std::span<const CommandRow> sort_commands() { return kRows; }

}  // namespace tarn
