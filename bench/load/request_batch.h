#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/options.h"
#include "bench/load/random.h"

namespace tarn::load {

/// The encoded form of one request whose variable parts are digits at known offsets.
///
/// All placeholders have a fixed width, so every request of a run has the same length, a batch is
/// the text of one request repeated, and making the next batch means overwriting digits in place:
/// some nanoseconds a request, in memory that stays in the first-level cache.
class RequestTemplate {
 public:
  explicit RequestTemplate(const Options& options);

  /// Bytes of one request.
  size_t size() const { return text_.size(); }
  const std::string& text() const { return text_; }

  /// Draws new values for every placeholder of the request that begins at `request`.
  void renew(char* request);

 private:
  enum class Source { kRandom, kSequence, kPermutation, kRange };
  struct Field {
    size_t offset;
    size_t digits;
    Source source;
    uint64_t low;
    uint64_t span;
  };
  struct Argument {
    std::string text;
    std::vector<Field> fields;  ///< offsets within `text`
  };

  Argument expand(std::string_view token) const;
  void expand_placeholder(std::string_view name, Argument& out) const;
  void append_header(char type, size_t size);
  void append(const Argument& argument);
  uint64_t draw(const Field& field);

  std::string text_;
  std::vector<Field> fields_;
  Random random_;
  uint64_t keyspace_;
  uint64_t sequence_;
};

/// A connection's send buffer: `pipeline` requests of one template.
class RequestBatch {
 public:
  RequestBatch(std::shared_ptr<RequestTemplate> request, uint32_t pipeline);

  /// Renews the first `count` requests and returns their bytes, valid until the next call.
  std::string_view next(uint32_t count);

 private:
  std::shared_ptr<RequestTemplate> request_;
  std::string bytes_;
};

}  // namespace tarn::load
