#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/propagation.h"

namespace tarn {

// Keeps what it is told, a line each: "0: SET k v"; units stand between "{" and "}".
class RecordingSink final : public EffectSink {
 public:
  struct Effect {
    unsigned db;
    std::vector<std::string> args;
  };

  void on_effect(unsigned db, std::span<const std::string_view> args) override {
    effects.push_back({db, {args.begin(), args.end()}});
    std::string line = std::to_string(db) + ":";
    for (const std::string_view arg : args) line.append(" ").append(arg);
    lines_.push_back(line);
  }
  void begin_unit() override { lines_.emplace_back("{"); }
  void end_unit() override { lines_.emplace_back("}"); }

  // The lines since the last call, joined by "; ".
  std::string take() {
    std::string all;
    for (const std::string& line : lines_) all.append(all.empty() ? "" : "; ").append(line);
    lines_.clear();
    return all;
  }

  std::vector<Effect> effects;

 private:
  std::vector<std::string> lines_;
};

}  // namespace tarn
