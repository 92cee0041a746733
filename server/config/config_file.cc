#include "server/config/config_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "core/base/quoting.h"
#include "server/config/words.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

std::string system_message(int error_number) {
  return std::generic_category().message(error_number);
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string_view trim(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";  // as split_quoted sees it
  const std::size_t begin = line.find_first_not_of(kSpace);
  if (begin == line.npos) return {};
  return line.substr(begin, line.find_last_not_of(kSpace) - begin + 1);
}

bool is_directive(std::string_view trimmed) { return !trimmed.empty() && trimmed[0] != '#'; }

// Takes the first line, with its newline, off `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t newline = text.find('\n');
  const std::size_t length = newline == text.npos ? text.size() : newline + 1;
  const std::string_view line = text.substr(0, length);
  text.remove_prefix(length);
  return line;
}

Result<Directive> parse_directive(std::string_view text, std::string_view origin,
                                  std::size_t line) {
  Directive directive{{}, std::string(text), std::string(origin), line};
  auto words = split_quoted(text);
  if (!words) return directive_error(directive, "Unbalanced quotes in configuration line");
  directive.words = std::move(*words);
  directive.words[0] = lower_case(directive.words[0]);
  return directive;
}

// ---- include ----

using Directives = std::vector<Directive>;

struct IncludeRules {
  const fs::path& directory;
  Unreadable unreadable;
};

Result<Directives> expand(Directives directives, const IncludeRules& rules, int depth);

// The files that one word of "include" names, in alphabetical order.
std::vector<fs::path> matching_files(const fs::path& pattern) {
  glob_t matches{};
  std::vector<fs::path> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  }
  ::globfree(&matches);
  std::error_code fault;
  std::erase_if(paths, [&](const fs::path& path) { return fs::is_directory(path, fault); });
  return paths;
}

Result<Directives> read_included(const Directive& include, const IncludeRules& rules, int depth) {
  const bool skips = rules.unreadable == Unreadable::kIsSkipped;
  if (include.words.size() < 2 && !skips) {
    return directive_error(include, "wrong number of arguments");
  }
  if (depth == kMaxIncludeDepth) {
    return directive_error(include, fmt::format("more than {} files include each other", depth));
  }
  Directives all;
  for (const std::string& word : std::span(include.words).subspan(1)) {
    const bool is_pattern = word.find_first_of("*?[") != word.npos;
    const fs::path path = rules.directory / word;
    for (const fs::path& file : is_pattern ? matching_files(path) : std::vector{path}) {
      Result<std::string> text = read_text(file);
      if (!text && skips) continue;
      if (!text) return directive_error(include, text.error().message);
      Result<Directives> directives = parse_config(*text, file.string(), rules.unreadable);
      if (directives) directives = expand(std::move(*directives), rules, depth + 1);
      if (!directives) return directives;
      std::ranges::move(*directives, std::back_inserter(all));
    }
  }
  return all;
}

Result<Directives> expand(Directives directives, const IncludeRules& rules, int depth) {
  Directives all;
  for (Directive& directive : directives) {
    if (directive.words[0] != "include") {
      all.push_back(std::move(directive));
      continue;
    }
    Result<Directives> included = read_included(directive, rules, depth);
    if (!included) return included;
    std::ranges::move(*included, std::back_inserter(all));
  }
  return all;
}

// ---- rewriting ----

void append_lines(std::string& text, const Rewrite& rewrite) {
  for (const Words& words : rewrite.lines) {
    text.append(rewrite.name).append(" ").append(join_words(words)).append("\n");
  }
}

// In lower case. Empty for what is no directive, or one that cannot be read.
std::string directive_name(std::string_view trimmed) {
  if (!is_directive(trimmed)) return {};
  const auto words = split_quoted(trimmed);
  return words ? lower_case(words->front()) : std::string{};
}

// The rewrite that is about this line, if any.
const Rewrite* find_rewrite(std::span<const Rewrite> rewrites, std::string_view line) {
  const std::string name = directive_name(trim(line));
  if (name.empty()) return nullptr;
  const auto found = std::ranges::find_if(rewrites, [&](const Rewrite& rewrite) {
    return name == rewrite.name || name == rewrite.alias;
  });
  return found == rewrites.end() ? nullptr : &*found;
}

Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return Error{system_message(errno)};
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> sync_directory(const fs::path& directory) {
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || ::fsync(fd.get()) != 0) return Error{system_message(errno)};
  return {};
}

mode_t permissions_of(const fs::path& path) {
  constexpr mode_t kNewFile = 0644;
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : kNewFile;
}

}  // namespace

Error directive_error(const Directive& directive, std::string_view reason) {
  const bool is_option = directive.origin == kCommandLine;
  return Error{fmt::format("{}, {} {}: {}\n>>> '{}'", directive.origin,
                           is_option ? "option" : "line", directive.number, reason,
                           directive.text)};
}

Result<Directives> parse_config(std::string_view text, std::string_view origin,
                                Unreadable unreadable) {
  Directives directives;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view trimmed = trim(take_line(text));
    if (!is_directive(trimmed)) continue;
    Result<Directive> directive = parse_directive(trimmed, origin, line);
    if (!directive && unreadable == Unreadable::kIsFault) return directive.error();
    if (directive) directives.push_back(std::move(*directive));
  }
  return directives;
}

Result<Directives> expand_includes(Directives directives, const fs::path& directory,
                                   Unreadable unreadable) {
  return expand(std::move(directives), {directory, unreadable}, 0);
}

std::string comment_out_unreadable(std::string_view text,
                                   const std::function<bool(std::string_view)>& is_known) {
  std::string result;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::string_view trimmed = trim(line);
    if (is_directive(trimmed) && !is_known(directive_name(trimmed))) result += kUnreadableMark;
    result += line;
  }
  return result;
}

std::string rewrite_config(std::string_view text, std::span<const Rewrite> rewrites) {
  std::string result;
  std::vector<bool> placed(rewrites.size());
  bool has_comment = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const Rewrite* rewrite = find_rewrite(rewrites, line);
    if (rewrite == nullptr) {
      has_comment |= trim(line) == kRewriteComment;
      result += line;
      continue;
    }
    auto is_placed = placed[static_cast<std::size_t>(rewrite - rewrites.data())];
    if (is_placed || rewrite->at_end) continue;
    append_lines(result, *rewrite);
    is_placed = true;
  }
  if (!result.empty() && result.back() != '\n') result += '\n';
  for (std::size_t i = 0; i < rewrites.size(); ++i) {
    if (placed[i] || rewrites[i].lines.empty()) continue;
    if (!std::exchange(has_comment, true)) result.append(kRewriteComment) += '\n';
    append_lines(result, rewrites[i]);
  }
  return result;
}

Result<std::string> read_text(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[16384];
  for (ssize_t length = file.ok() ? 1 : -1; length != 0;) {
    if (length > 0) length = ::read(file.get(), buffer, sizeof buffer);
    if (length < 0) {
      return Error{fmt::format("can't read '{}': {}", path.string(), system_message(errno))};
    }
    text.append(buffer, static_cast<std::size_t>(length));
  }
  return text;
}

Result<> replace_text(const fs::path& path, std::string_view text) {
  std::error_code fault;
  const fs::path target = fs::weakly_canonical(path, fault);
  if (fault) return Error{fault.message()};
  std::string temporary = target.string() + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.ok()) return Error{system_message(errno)};

  Result<> written = write_all(file.get(), text);
  if (written && (::fchmod(file.get(), permissions_of(target)) != 0 || ::fsync(file.get()) != 0 ||
                  ::rename(temporary.c_str(), target.c_str()) != 0)) {
    written = Error{system_message(errno)};
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(target.parent_path());
}

}  // namespace tarn
