#include "server/commands/type_names.h"

#include "core/base/assert.h"

namespace tarn {
namespace {

// Redis embeds strings of up to so many bytes, since with them its object fills 64.
constexpr std::size_t kMaxEmbstrBytes = 44;

}  // namespace

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kString: return "string";
    case Type::kList: return "list";
    case Type::kSet: return "set";
    case Type::kSortedSet: return "zset";
    case Type::kHash: return "hash";
    case Type::kStream: return "stream";
  }
  return {};
}

std::string_view encoding_name(const Entry& entry) {
  TARN_ASSERT(entry.type() == Type::kString);
  switch (entry.string_encoding()) {
    case StringEncoding::kInteger: return "int";
    case StringEncoding::kEmbedded:
      return entry.value().size() <= kMaxEmbstrBytes ? "embstr" : "raw";
    case StringEncoding::kEdited:
    case StringEncoding::kBlob: return "raw";
  }
  return {};
}

}  // namespace tarn
