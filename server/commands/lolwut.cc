// LOLWUT: a picture of no use at all, another one each time.
//
// A tarn is a small lake among mountains. The ridge is a random walk, drawn as a line; below the
// shore the same line stands on its head, broken by ripples.

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "core/base/numbers.h"
#include "core/base/random.h"
#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/redis_version.h"

namespace tarn {
namespace {

constexpr std::int64_t kDefaultColumns = 66;
constexpr std::int64_t kDefaultRows = 9;
constexpr std::int64_t kMaxColumns = 1000;
constexpr std::int64_t kMaxRows = 200;

class Picture {
 public:
  Picture(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows) { raise_ridge(); }

  std::string draw() {
    std::string text;
    for (std::size_t height = rows_; height-- > 0;) append_line(text, sky(height));
    append_line(text, std::string(columns_, '='));
    for (std::size_t depth = 0; depth < rows_; ++depth) append_line(text, water(depth));
    return text;
  }

 private:
  struct Step {
    std::size_t height;
    char stroke;
  };

  // Every column goes up, down or along; a slope is likely to go on.
  void raise_ridge() {
    std::size_t height = random_.below(rows_);
    char stroke = '_';
    for (std::size_t column = 0; column < columns_; ++column) {
      if (random_.below(3) == 0) stroke = "/\\_"[random_.below(3)];
      if (stroke == '\\' && height == 0) stroke = '_';
      if (stroke == '/' && height + 1 == rows_) stroke = '\\';
      if (stroke == '\\') --height;
      ridge_.push_back({height, stroke});
      if (stroke == '/') ++height;
    }
  }

  std::string sky(std::size_t height) {
    std::string line(columns_, ' ');
    for (std::size_t column = 0; column < columns_; ++column) {
      const Step& step = ridge_[column];
      if (step.height == height) line[column] = step.stroke;
      if (step.height + 1 < height && random_.below(40) == 0) line[column] = '.';
    }
    return line;
  }

  std::string water(std::size_t depth) {
    std::string line(columns_, ' ');
    for (std::size_t column = 0; column < columns_; ++column) {
      const Step& step = ridge_[column];
      if (step.height == depth) line[column] = mirrored(step.stroke);
      if (random_.below(rows_ + 6) <= depth / 2) line[column] = '~';
    }
    return line;
  }

  static char mirrored(char stroke) {
    if (stroke == '/') return '\\';
    return stroke == '\\' ? '/' : '-';
  }

  static void append_line(std::string& text, std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    text.append(line).append("\n");
  }

  Rng random_;
  std::size_t columns_;
  std::size_t rows_;
  std::vector<Step> ridge_;
};

// How many numbers the picture of this version takes in redis-server, which looks at no word more.
std::size_t numbers_wanted(std::int64_t version) {
  if (version == 5) return 3;
  return version == 6 ? 2 : 0;
}

// There is one picture, whatever version is asked for. It has the wanted size where the words are
// numbers; only versions whose own picture took numbers insist on them.
void lolwut(Call& call) {
  ArgReader args(call, 1);
  const std::int64_t version = args.accept("version", 1) ? args.integer() : 0;
  const std::size_t wanted = numbers_wanted(version);
  std::int64_t numbers[] = {kDefaultColumns, kDefaultRows, 0};
  for (std::size_t i = 0; i < std::size(numbers) && !args.at_end(); ++i) {
    if (i < wanted) {
      numbers[i] = args.integer();
    } else if (!parse_int64(args.next(), numbers[i])) {
      break;
    }
  }
  if (args.failed()) return;
  const auto [columns, rows, ignored] = numbers;
  Picture picture(static_cast<std::size_t>(std::clamp<std::int64_t>(columns, 1, kMaxColumns)),
                  static_cast<std::size_t>(std::clamp<std::int64_t>(rows, 2, kMaxRows)));
  call.reply.verbatim("txt", picture.draw() + "\nRedis ver. " + std::string(kRedisVersion) + "\n");
}

constexpr CommandRow kRows[] = {
    {
        .name = "lolwut",
        .handler = lolwut,
        .arity = -1,
        .flags = kReadonly | kFast,
        .group = "server",
        .since = "5.0.0",
        .complexity = "O(N) where N is the number of characters",
        .summary = "Draws a picture, and tells the version",
        .syntax = "[VERSION version] [columns:integer [rows:integer]]",
    },
};

}  // namespace

std::span<const CommandRow> lolwut_commands() { return kRows; }

}  // namespace tarn
