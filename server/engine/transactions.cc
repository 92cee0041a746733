#include "server/engine/transactions.h"

#include <memory>
#include <utility>

#include "core/base/assert.h"

namespace tarn {
namespace {

constexpr std::string_view kAborted = "EXECABORT Transaction discarded because of previous errors.";

Transaction& transaction_of(Session& session) {
  if (session.transaction == nullptr) session.transaction = std::make_unique<Transaction>();
  return *session.transaction;
}

}  // namespace

void Transactions::watch(Session& session, std::string_view key) {
  watched_.watch(transaction_of(session).watched(), session.db, key);
}

void Transactions::unwatch(Session& session) {
  if (session.transaction != nullptr) session.transaction->watched().clear();
}

void Transactions::begin(Session& session) {
  transaction_of(session).begin();
  session.gates |= kTransactionGate;
}

void Transactions::execute(Session& session) {
  TARN_ASSERT(in_transaction(session));
  Transaction& transaction = *session.transaction;
  const bool changed = watched_.changed(transaction.watched());
  if (transaction.aborted()) {
    session.reply.error(kAborted);
  } else if (changed) {
    session.reply.null_array();
  } else {
    run_queued(session);
  }
  discard_transaction(session);
}

void Transactions::run_queued(Session& session) {
  Transaction& transaction = *session.transaction;
  transaction.watched().clear();
  const bool denied = std::exchange(session.deny_blocking, true);
  session.reply.array(transaction.queued().size());
  for (const OwnedRequest& request : transaction.queued()) {
    dispatcher_.run_queued(session, request);
  }
  session.deny_blocking = denied;
}

}  // namespace tarn
