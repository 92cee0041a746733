#include "server/app/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

namespace tarn {
namespace {

std::string listen_address(const Options& options) {
  if (options.port == 0) return options.unixsocket;
  const std::string host = options.bind.empty() ? "*" : options.bind.front();
  return host + ":" + std::to_string(options.port);
}

std::string expand(std::string text, const std::string& program, const Options& options,
                   const std::string& config_file) {
  const std::pair<std::string_view, std::string> variables[] = {
      {"{title}", program},
      {"{listen-addr}", listen_address(options)},
      {"{server-mode}", ""},
      {"{port}", std::to_string(options.port)},
      {"{tls-port}", std::to_string(options.tls_port)},
      {"{unixsocket}", options.unixsocket},
      {"{config-file}", config_file},
  };
  for (const auto& [name, value] : variables) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      text.replace(at, name.size(), value);
      at += value.size();
    }
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

// The system puts the strings of both in one row, without gaps. Those of the environment are
// copied; the copies live as long as the process, which may look at its environment to the end.
ProcessTitle::ProcessTitle(int argc, char** argv) : program_(argv[0]) {
  static auto* const kKept = new std::deque<std::string>;
  char* end = argv[0];
  const auto extend = [&](char* word) {
    if (word == end) end = word + std::strlen(word) + 1;
  };
  for (int i = 0; i < argc; ++i) extend(argv[i]);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    extend(*variable);
    *variable = kKept->emplace_back(*variable).data();
  }
  room_ = {argv[0], end};
}

void ProcessTitle::show(const Options& options, const std::string& config_file) {
  write(program_, options, config_file);
}

void ProcessTitle::show_child(const std::string& doing, const Options& options,
                              const std::string& config_file) {
  write(doing, options, config_file);
}

void ProcessTitle::write(const std::string& name, const Options& options,
                         const std::string& config_file) {
  if (!options.set_proc_title) return;
  const std::string title = expand(options.proc_title_template, name, options, config_file);
  const std::size_t bytes = std::min(title.size(), room_.size() - 1);
  std::memset(room_.data(), 0, room_.size());
  std::memcpy(room_.data(), title.data(), bytes);
}

}  // namespace tarn
