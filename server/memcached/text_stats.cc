// stats of the text protocol.

#include "server/memcached/families.h"
#include "server/memcached/stats_report.h"
#include "server/memcached/text_support.h"

namespace tarn {
namespace {

using namespace memcached;

class LineSink final : public StatSink {
 public:
  explicit LineSink(OutputBuffer& out) : out_(out) {}

 private:
  void write(std::string_view name, std::string_view value) override {
    out_.append(fmt::format("STAT {} {}\r\n", name, value));
  }

  OutputBuffer& out_;
};

void stats(Call& call) {
  const std::string_view topic = call.args.size() > 1 ? call.args[1] : "";
  if (topic == "reset") {
    reset_stats(call);
    return reply_line(call, "RESET");
  }
  LineSink out(call.reply.out());
  if (!report_stats(call, topic, out)) return call.reply.error_line(lines::kNoSuchCommand);
  reply_line(call, "END");
}

constexpr CommandRow kRows[] = {
    {.name = "stats",
     .handler = stats,
     .arity = -1,
     .flags = kLoading | kStale,
     .categories = kAdminCategory},
};

}  // namespace

std::span<const CommandRow> memcached_stats_commands() { return kRows; }

}  // namespace tarn
