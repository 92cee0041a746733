#pragma once

#include "server/engine/key_waiters.h"
#include "server/engine/transactions.h"
#include "tests/server/commands/clients_fixture.h"

namespace tarn {

// The fixture for clients, with transactions and with clients that wait for keys.
struct TransactionsFixture : ClientsFixture {
  TransactionsFixture() {
    table.add(transaction_commands(), transactions);
    for (const auto rows : {database_commands(), key_commands(), key_expiry_commands(),
                            string_number_commands(), string_multi_commands()}) {
      table.add(rows, std::as_const(config));
    }
  }

  Transactions transactions{dispatcher, events};
  KeyWaiters waiters{dispatcher, events, blocked};
};

}  // namespace tarn
