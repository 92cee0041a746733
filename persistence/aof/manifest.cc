#include "persistence/aof/manifest.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/numbers.h"
#include "core/base/quoting.h"
#include "persistence/io/file_source.h"
#include "persistence/io/files.h"

namespace tarn {
namespace {

struct Line {
  AofManifest::File file;
  char type = '\0';
  std::uint64_t left_batches = 0;
};

// Unknown pairs of words are left for later versions.
std::optional<Line> read_line(const std::vector<std::string>& words) {
  Line line;
  if (words.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (equals_ignoring_case(words[i], "file")) {
      line.file.name = value;
    } else if (equals_ignoring_case(words[i], "seq")) {
      if (!parse_uint64(value, line.file.number)) return std::nullopt;
    } else if (equals_ignoring_case(words[i], "type")) {
      line.type = value.size() == 1 ? value[0] : '\0';
    } else if (equals_ignoring_case(words[i], "leaving")) {
      if (!parse_uint64(value, line.left_batches)) return std::nullopt;
    }
  }
  if (line.file.name.empty() || line.file.number == 0) return std::nullopt;
  return line;
}

bool is_plain_name(const std::string& name) {
  return name.find('/') == std::string::npos && name != "." && name != "..";
}

void print_file(std::string& text, const AofManifest::File& file, char type,
                std::uint64_t left_batches = 0) {
  const bool plain = file.name.find_first_of(" \t\"'\\") == std::string::npos;
  text += fmt::format("file {} seq {} type {}", plain ? file.name : quote(file.name), file.number,
                      type);
  if (left_batches != 0) text += fmt::format(" leaving {}", left_batches);
  text += '\n';
}

std::uint64_t last_number(const std::vector<AofManifest::File>& files, std::string_view kind) {
  std::uint64_t last = 0;
  for (const AofManifest::File& file : files) {
    if (file.name.find(kind) != std::string::npos) last = std::max(last, file.number);
  }
  return last;
}

}  // namespace

std::uint64_t AofManifest::last_base_number() const {
  return std::max(base ? base->number : 0, last_number(history, ".base."));
}

std::uint64_t AofManifest::last_increment_number() const {
  return std::max(increments.empty() ? 0 : increments.back().number,
                  last_number(history, ".incr."));
}

Result<AofManifest> AofManifest::parse(std::string_view text, const std::string& path) {
  AofManifest manifest;
  int number = 0;
  const auto fail = [&](std::string_view what) {
    return Error{fmt::format("{}:{}: {}", path, number, what)};
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line_text = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    ++number;
    if (line_text.ends_with('\r')) line_text.remove_suffix(1);
    if (line_text.empty() || line_text[0] == '#') continue;
    const auto words = split_quoted(line_text);
    const auto line = words ? read_line(*words) : std::nullopt;
    if (!line) return fail("expected \"file NAME seq NUMBER type b|i|h\"");
    if (!is_plain_name(line->file.name)) return fail("a file's name must not be a path");
    switch (line->type) {
      case 'b':
        if (manifest.base) return fail("there is a second base");
        manifest.base = line->file;
        manifest.left_batches = line->left_batches;
        break;
      case 'i':
        if (!manifest.increments.empty() &&
            manifest.increments.back().number >= line->file.number) {
          return fail("increments must come in the order of their numbers");
        }
        manifest.increments.push_back(line->file);
        break;
      case 'h': manifest.history.push_back(line->file); break;
      default: return fail("a file's type is b (base), i (increment) or h (history)");
    }
  }
  if (manifest.empty()) return Error{path + ": it names neither a base nor an increment"};
  return manifest;
}

std::string AofManifest::print() const {
  std::string text;
  if (base) print_file(text, *base, 'b', left_batches);
  for (const File& file : history) print_file(text, file, 'h');
  for (const File& file : increments) print_file(text, file, 'i');
  return text;
}

Result<AofManifest> read_manifest(const std::string& path) {
  const auto text = read_first_bytes(path, static_cast<std::size_t>(file_bytes(path)));
  if (!text) return text.error();
  return AofManifest::parse(*text, path);
}

}  // namespace tarn
