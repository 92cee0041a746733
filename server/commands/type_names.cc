#include "server/commands/type_names.h"

#include "core/types/list.h"

namespace tarn {
namespace {

// Redis embeds strings of up to so many bytes, since with them its object fills 64.
constexpr std::size_t kMaxEmbstrBytes = 44;

std::string_view string_encoding_name(const Entry& entry) {
  switch (entry.string_encoding()) {
    case StringEncoding::kInteger: return "int";
    case StringEncoding::kEmbedded:
      return entry.value().size() <= kMaxEmbstrBytes ? "embstr" : "raw";
    case StringEncoding::kEdited:
    case StringEncoding::kBlob:
    case StringEncoding::kCompressed:
    case StringEncoding::kCompressedBlob: return "raw";
  }
  return {};
}

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
  if (entry.type() == Type::kString) return string_encoding_name(entry);
  if (entry.type() == Type::kList) {
    return ListView(entry.collection_view()).spans_nodes() ? "quicklist" : "listpack";
  }
  switch (entry.collection_encoding()) {
    case CollectionEncoding::kPacked: return "listpack";
    case CollectionEncoding::kPackedExpiring: return "listpackex";
    case CollectionEncoding::kIntSet: return "intset";
    case CollectionEncoding::kLarge:
      return entry.type() == Type::kSortedSet ? "skiplist" : "hashtable";
    case CollectionEncoding::kCompressed: break;
  }
  return {};
}

}  // namespace tarn
