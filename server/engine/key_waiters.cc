#include "server/engine/key_waiters.h"

#include <memory>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "server/engine/owned_request.h"

namespace tarn {

// A client in line, which it leaves when its wait ends.
class KeyWaiters::Waiter final : public Waiting {
 public:
  Waiter(KeyWaiters& owner, const Call& call, const KeyWait& wait)
      : owner_(owner),
        session_(call.session),
        request_(&call.command, call.args, call.blobs()),
        types_(wait.types),
        when_late_(wait.when_late) {}
  ~Waiter() override {
    for (const auto& [line, place] : places_) owner_.leave(*line, place);
  }

  void stand_in(Line& line, std::size_t position) {
    const bool stands_there = !line.places.empty() && line.places.back().waiter == this;
    if (stands_there) return;
    line.types.add(types_);
    places_.emplace_back(&line, line.places.insert(line.places.end(), {this, position}));
  }

  // The lines are gone.
  void leave_lines() { places_.clear(); }

  void on_timeout(Reply& reply) override { (reply.*when_late_)(); }
  std::size_t memory_bytes() const override {
    // A key is a place in its line, and known here as that.
    constexpr std::size_t kPlaceBytes = 64;
    return sizeof(*this) + request_.memory_bytes() + places_.size() * kPlaceBytes;
  }

  Session& session() const { return session_; }
  const OwnedRequest& request() const { return request_; }
  TypeSet types() const { return types_; }

 private:
  KeyWaiters& owner_;
  Session& session_;
  OwnedRequest request_;
  TypeSet types_;
  void (Reply::*when_late_)();
  std::vector<std::pair<Line*, std::list<Place>::iterator>> places_;
};

KeyWaiters::KeyWaiters(Dispatcher& dispatcher, KeyEvents& events, BlockedClients& blocked)
    : dispatcher_(dispatcher),
      events_(events),
      blocked_(blocked),
      lines_(dispatcher.databases().size()) {
  dispatcher_.set_key_waiters(this);
}

KeyWaiters::~KeyWaiters() {
  for (unsigned db = 0; db < dispatcher_.databases().size(); ++db) {
    lines_.for_each(db, [](Line& line) {
      for (const Place& place : line.places) place.waiter->leave_lines();
    });
  }
  events_.listen(*this, 0);
  dispatcher_.set_key_waiters(nullptr);
}

void KeyWaiters::add(Call& call, const KeyWait& wait) {
  if (call.session.blocked) {
    waits_on_ = true;
    return;
  }
  if (lines_.empty()) events_.listen(*this, KeyEvents::kModified | KeyEvents::kReplaced);
  const auto waiter = std::make_shared<Waiter>(*this, call, wait);
  const auto first = static_cast<std::size_t>(wait.keys.data() - call.args.data());
  for (std::size_t i = 0; i < wait.keys.size(); ++i) {
    waiter->stand_in(lines_.obtain(call.session.db, wait.keys[i]), first + i);
  }
  blocked_.block(call.session, wait.timeout, waiter);
}

void KeyWaiters::key_modified(Keyspace& keyspace, std::string_view key) {
  if (Line* line = lines_.find(keyspace.index(), key)) mark_ready(*line);
}

void KeyWaiters::keyspaces_swapped(Keyspace& first, Keyspace& second) {
  for (const Keyspace* keyspace : {&first, &second}) {
    lines_.for_each(keyspace->index(), [this](Line& line) { mark_ready(line); });
  }
}

void KeyWaiters::mark_ready(Line& line) {
  if (line.ready) return;
  line.ready = true;
  ready_.push_back(&line);
  dispatcher_.keys_are_ready();
}

void KeyWaiters::serve() {
  while (!ready_.empty()) {
    Line& line = *ready_.front();
    ready_.pop_front();
    line.ready = false;
    serving_ = &line;
    serve(line);
    serving_ = nullptr;
    drop_if_unused(line);
  }
}

// Looks at the key again for each client: the one before may have taken the last that it held.
void KeyWaiters::serve(Line& line) {
  next_ = line.places.begin();
  while (next_ != line.places.end()) {
    const Entry* entry = dispatcher_.databases()[line.db].peek(Key(line.key));
    if (entry == nullptr || !line.types.has(entry->type())) return;
    const Place place = *next_++;
    if (place.waiter->types().has(entry->type())) run_again(place);
  }
}

void KeyWaiters::run_again(const Place& place) {
  Waiter& waiter = *place.waiter;
  if (waiter.session().closing) return;
  blocked_.try_to_serve(waiter.session(), [&](bool silent) {
    waits_on_ = false;
    dispatcher_.run_again(waiter.session(), waiter.request(), place.position, silent);
    return !waits_on_;
  });
}

void KeyWaiters::leave(Line& line, std::list<Place>::iterator place) {
  if (serving_ == &line && next_ == place) ++next_;
  line.places.erase(place);
  drop_if_unused(line);
}

void KeyWaiters::drop_if_unused(Line& line) {
  if (!line.places.empty() || line.ready || serving_ == &line) return;
  lines_.erase(line);
  if (lines_.empty()) events_.listen(*this, 0);
}

void Call::block_on_keys(const KeyWait& wait) {
  const bool can_wait =
      waiters_ != nullptr && session.transport != nullptr && !session.deny_blocking;
  can_wait ? waiters_->add(*this, wait) : (reply.*wait.when_denied)();
}

}  // namespace tarn
