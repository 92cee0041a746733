#include "core/types/list.h"

#include <array>
#include <cstring>
#include <string>

#include "core/base/assert.h"

namespace tarn {
namespace {

// A large list of so few bytes is packed again.
constexpr std::size_t kPackAgainBytes = List::kMaxPackedBytes / 4;

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

PackedElement ListView::at(std::size_t index) const {
  if (!is_large()) return packed().element(packed().skip(packed().begin(), index));
  const ChunkedList& elements = large().elements();
  if (index == 0) return elements.peek(ListEnd::kFront);
  if (index + 1 == elements.size()) return elements.peek(ListEnd::kBack);
  return elements.at(index);
}

// ---- Elements on their way into a packed list ---------------------------------------------------

// What is pushed, encoded in the order in which it will lie there: so that it takes one splice.
class List::Run {
 public:
  explicit Run(ListEnd end) : end_(end), begin_(end == ListEnd::kBack ? kHeader : bytes_.size()) {}

  // Puts one more element at the end to push to. Nothing else may be done with a run that is too
  // long.
  bool add(const PackedProbe& element) {
    const std::size_t bytes = element.encoded_bytes();
    if (size_ + bytes > bytes_.size() - kHeader) return false;
    if (end_ == ListEnd::kFront) begin_ -= bytes;
    element.write(&bytes_[end_ == ListEnd::kFront ? begin_ : begin_ + size_]);
    size_ += bytes;
    ++count_;
    return true;
  }

  ListEnd end() const { return end_; }
  std::size_t count() const { return count_; }
  std::string_view encoded() const { return {&bytes_[begin_], size_}; }
  // As a list of its own. Good as long as the run.
  std::string_view list() {
    packed::save(&bytes_[begin_ - kHeader], static_cast<std::uint16_t>(count_));
    return {&bytes_[begin_ - kHeader], kHeader + size_};
  }

 private:
  static constexpr std::size_t kHeader = PackedList::kHeaderBytes;

  std::array<char, kMaxPackedBytes> bytes_;
  const ListEnd end_;
  std::size_t begin_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};

// ---- Encodings ----------------------------------------------------------------------------------

LargeList& List::large() {
  auto& large = static_cast<LargeList&>(*cell_.large());
  large.elements().set_limits(limits_);
  return large;
}

// Whatever the cell holds, if anything.
LargeList& List::make_large() {
  auto* large = new LargeList(cell_.heap(), limits_);
  if (!cell_.vacant()) large->elements().append_run(packed().encoded(), packed().size());
  cell_.put_large(large);
  return *large;
}

// After elements were removed from a large list.
void List::settle() {
  LargeList& list = large();
  list.note_shrinkage();
  const std::size_t bytes = list.elements().element_bytes();
  if (bytes > kPackAgainBytes || !limits_.fits_half(bytes, list.size())) [[likely]]
    return;
  Run run(ListEnd::kBack);
  view().for_each([&run](const PackedElement& element) { run.add(PackedProbe(element)); });
  cell_.put_bytes(CollectionEncoding::kPacked, run.list());
}

// ---- Ends ---------------------------------------------------------------------------------------

void List::push(ListEnd end, std::span<const std::string_view> texts) {
  if (!is_large()) {
    Run run(end);
    const auto add = [&run](std::string_view text) { return run.add(PackedProbe(text)); };
    if (std::all_of(texts.begin(), texts.end(), add) && push_packed(run)) return;
    make_large();
  }
  LargeList& list = large();
  for (const std::string_view text : texts) list.elements().push(end, PackedProbe(text));
  list.note_growth();
}

void List::push(ListEnd end, const PackedProbe& element) {
  if (!is_large()) {
    Run run(end);
    if (run.add(element) && push_packed(run)) return;
    make_large();
  }
  LargeList& list = large();
  list.elements().push(end, element);
  list.note_growth();
}

// Returns whether it fits.
bool List::push_packed(Run& run) {
  if (cell_.vacant()) {
    const std::string_view list = run.list();
    if (!fits_packed(list.size(), run.count())) return false;
    cell_.put_bytes(CollectionEncoding::kPacked, list);
    return true;
  }
  const std::string_view encoded = run.encoded();
  const PackedList list = packed();
  if (!fits_packed(list.bytes().size() + encoded.size(), list.size() + run.count())) return false;
  packed::insert_encoded(cell_, run.end() == ListEnd::kFront ? list.begin() : list.end(), encoded,
                         run.count());
  return true;
}

void List::pop(ListEnd end, std::size_t count) {
  if (count == 0) return;
  if (count == size()) return cell_.vacate();
  if (!is_large()) return pop_packed(end, count);
  ChunkedList& elements = large().elements();
  count == 1 ? elements.pop(end) : elements.pop(end, count);
  settle();
}

// Some, but not all.
void List::pop_packed(ListEnd end, std::size_t count) {
  const PackedList list = packed();
  const bool front = end == ListEnd::kFront;
  const PackedList::Cursor cut = list.skip(list.begin(), front ? count : list.size() - count);
  const PackedList::Cursor first = front ? list.begin() : cut;
  cell_.splice(first, (front ? cut : list.end()) - first, 0);
  packed::adjust_count(cell_, count, 0);
}

void List::rotate(ListEnd from, ListEnd to) {
  if (from == to || size() == 1) return;
  // A copy, as what is pushed must not lie in the list.
  PackedElement::Scratch scratch;
  const std::string text(view().peek(from).text(scratch));
  pop(from);
  push(to, PackedProbe(text));
}

// ---- Elsewhere ----------------------------------------------------------------------------------

// A list that an element more would not fit spans nodes from then on, as in Redis, even though the
// one before goes.
void List::replace(std::size_t index, const PackedProbe& element) {
  const std::size_t bytes = element.encoded_bytes();
  if (!is_large()) {
    const PackedList list = packed();
    const PackedList::Cursor cursor = list.skip(list.begin(), index);
    const std::size_t others = list.bytes().size() - (list.next(cursor) - cursor);
    if (fits_packed(others + bytes, list.size() + 1)) {
      packed::replace(cell_, cursor, element);
      return;
    }
    make_large();
  }
  LargeList& list = large();
  list.note_growth(bytes);
  list.elements().replace(index, element);
  settle();
}

void List::insert(std::size_t index, const PackedProbe& element) {
  if (!is_large()) {
    const PackedList list = packed();
    if (fits_packed(list.bytes().size() + element.encoded_bytes(), list.size() + 1)) {
      packed::insert(cell_, list.skip(list.begin(), index), element);
      return;
    }
    make_large();
  }
  LargeList& list = large();
  list.elements().insert(index, element);
  list.note_growth();
}

void List::trim(std::size_t first, std::size_t count) {
  if (count == 0) return cell_.vacate();
  const std::size_t behind = size() - first - count;
  if (is_large()) {
    large().elements().trim(first, count);
    settle();
  } else {
    if (behind > 0) pop_packed(ListEnd::kBack, behind);
    if (first > 0) pop_packed(ListEnd::kFront, first);
  }
}

std::size_t List::remove(const PackedProbe& probe, std::size_t max_count, ListEnd from) {
  if (cell_.vacant()) return 0;
  if (!is_large()) return remove_packed(probe, max_count, from);
  LargeList& list = large();
  const std::size_t removed = list.elements().remove(probe, max_count, from);
  if (list.size() == 0) {
    cell_.vacate();
  } else if (removed > 0) {
    settle();
  }
  return removed;
}

std::size_t List::remove_packed(const PackedProbe& probe, std::size_t max_count, ListEnd from) {
  const std::string_view run = packed().encoded();
  const std::size_t matches = list_run::count_matches(run, probe);
  const std::size_t removed = std::min(matches, max_count);
  if (removed == 0) return 0;
  if (removed == size()) {
    cell_.vacate();
    return removed;
  }
  const std::size_t spared = from == ListEnd::kFront ? 0 : matches - removed;
  list_run::remove_matches(cell_.data() + packed().begin(), run.size(), probe, spared, removed);
  const std::size_t bytes = removed * probe.encoded_bytes();
  cell_.splice(cell_.bytes().size() - bytes, bytes, 0);
  packed::adjust_count(cell_, removed, 0);
  return removed;
}

}  // namespace tarn
