#include "server/memcached/families.h"

namespace tarn {

void add_memcached_commands(CommandTable& table, const MemcachedServices& services) {
  for (const auto rows :
       {memcached_storage_commands(), memcached_retrieval_commands(), memcached_number_commands(),
        memcached_admin_commands(), memcached_stats_commands(), memcached_meta_get_commands(),
        memcached_meta_change_commands(), memcached_binary_item_commands(),
        memcached_binary_admin_commands()}) {
    table.add(rows, services);
  }
}

}  // namespace tarn
