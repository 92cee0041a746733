#pragma once

#include <string_view>

#include "core/base/result.h"
#include "server/config/option_types.h"

namespace tarn {

// The types of single options whose values have a form of their own; each is documented by the
// option of the same name in redis.conf.example.

OptionType bind_addresses(std::vector<std::string> Options::*field);  // bind
OptionType save_points();                                             // save
OptionType output_buffer_limits();                                    // client-output-buffer-limit
OptionType notify_flags();                                            // notify-keyspace-events
OptionType oom_score_values();                                        // oom-score-adj-values
OptionType percentiles();        // latency-tracking-info-percentiles
OptionType master_address();     // replicaof
OptionType working_directory();  // dir: resolved, must exist
OptionType shutdown_behavior(unsigned Options::*field);

// Checks of text options.
Result<> check_dump_name(std::string_view name);
Result<> check_aof_name(std::string_view name);
Result<> check_aof_directory(std::string_view name);
Result<> check_hostname(std::string_view name);
Result<> check_nodename(std::string_view name);
Result<> check_locale(std::string_view name);
Result<> check_title_template(std::string_view text);

}  // namespace tarn
