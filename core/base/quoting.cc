#include "core/base/quoting.h"

#include <cstddef>
#include <utility>

namespace tarn {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The value of a hex digit of either case, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescape(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// Reads one line, word by word.
class WordReader {
 public:
  explicit WordReader(std::string_view line) : line_(line) {}

  bool skip_to_word() {
    while (at_ < line_.size() && is_space(line_[at_])) ++at_;
    return at_ < line_.size();
  }

  // Appends the word that starts here to `word`; false for unbalanced quotes.
  bool read_word(std::string& word) {
    for (; at_ < line_.size(); ++at_) {
      switch (const char c = line_[at_]) {
        case ' ':
        case '\n':
        case '\r':
        case '\t': return true;
        case '"': return read_double_quoted(word) && at_word_end();
        case '\'': return read_single_quoted(word) && at_word_end();
        default: word.push_back(c);
      }
    }
    return true;
  }

 private:
  std::size_t left() const { return line_.size() - at_; }

  bool at_word_end() const { return left() == 0 || is_space(line_[at_]); }

  bool read_double_quoted(std::string& word) {
    for (++at_; left() > 0; ++at_) {
      const char c = line_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\' && left() >= 2) {
        read_escape(word);
      } else {
        word.push_back(c);
      }
    }
    return false;
  }

  // Leaves at_ on the last byte of the escape.
  void read_escape(std::string& word) {
    ++at_;
    if (line_[at_] == 'x' && left() >= 3) {
      const int high = hex_value(line_[at_ + 1]);
      const int low = hex_value(line_[at_ + 2]);
      if (high >= 0 && low >= 0) {
        word.push_back(static_cast<char>(high * 16 + low));
        at_ += 2;
        return;
      }
    }
    word.push_back(unescape(line_[at_]));
  }

  bool read_single_quoted(std::string& word) {
    for (++at_; left() > 0; ++at_) {
      char c = line_[at_];
      if (c == '\'') {
        ++at_;
        return true;
      }
      if (c == '\\' && left() >= 2 && line_[at_ + 1] == '\'') c = line_[++at_];
      word.push_back(c);
    }
    return false;
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '\\':
    case '"': out.append({'\\', c}); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    case '\a': out.append("\\a"); return;
    case '\b': out.append("\\b"); return;
    default: break;
  }
  if (c >= ' ' && c <= '~') {
    out.push_back(c);
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out.append({'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]});
}

}  // namespace

std::optional<std::vector<std::string>> split_quoted(std::string_view line) {
  std::vector<std::string> words;
  WordReader reader(line);
  while (reader.skip_to_word()) {
    if (!reader.read_word(words.emplace_back())) return std::nullopt;
  }
  return words;
}

std::string quote(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + 2);
  out.push_back('"');
  for (const char c : bytes) append_escaped(out, c);
  out.push_back('"');
  return out;
}

std::string quote_beginning(std::string_view bytes) {
  constexpr std::size_t kShownBytes = 64;
  return quote(bytes.substr(0, kShownBytes)) + (bytes.size() > kShownBytes ? "..." : "");
}

}  // namespace tarn
