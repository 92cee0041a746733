#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/base/assert.h"
#include "core/containers/ordered_branch.h"
#include "core/containers/ordered_leaf.h"

namespace tarn {

// A B+ tree of references with the rank of each (R. Bayer, E. McCreight, "Organization and
// maintenance of large ordered indexes", 1972; D. Comer, "The ubiquitous B-tree", 1979): the order
// of large sorted sets. Elements are in order of their score, those of one score in order of their
// member's bytes.
//
//   branch    for each child: | score | smallest element | child | elements below |
//   leaf      references in order, each with 16 bits of its score; leaves are linked both ways
//
// 1. A search compares scores that the nodes hold, and reads elements only where they are equal.
//    Within the leaf see ordered_leaf.h.
// 2. The elements to the left of the way down are counted from the branches: that is the rank.
// 3. A full leaf shares out its elements among itself and its neighbours; where these are full as
//    well, three leaves become four (Knuth's B*-tree), so that leaves are 86 % full in the mean
//    after random inserts. At either end of the tree a new leaf is begun instead, so elements that
//    come in order leave full leaves behind.
// 4. An erase that leaves a leaf half empty makes two leaves of three where they suffice.
//
// Invariants:
//   - a leaf is never empty, a branch has at least two children, all leaves have the same depth;
//   - an entry of a branch has the score and the reference of the smallest element below its child
//     and the number of all.
//
// The tree does not own its elements. An element's score and member must stay as they are while it
// is in the tree; only rescore() changes a score.
//
//   struct Traits {
//     using Element = ...;                                            // 48 bits address it
//     static double score(const Element&);                            // not a NaN
//     static int compare_ties(const Element&, const Element&);        // by member, as memcmp
//     static int compare_member(const Element&, std::string_view);    // the same
//     static void set_score(Element&, double);                        // for rescore() only
//   };
//   struct Allocator {
//     void* allocate(std::size_t bytes);               // aligned to 8; of at most kNodeBytes
//     void deallocate(void* node, std::size_t bytes);
//   };
//
// The allocator must outlive the tree. Elements are fewer than 2^32. Not safe for use by several
// threads. Unless noted otherwise, everything takes O(log n).
template <class Traits, class Allocator>
class OrderedTree {
 public:
  using Element = typename Traits::Element;

  static constexpr std::size_t kNodeBytes = OrderedLeaf::kBytes;

  // An element's place together with its rank, or a place off the tree: behind the last element,
  // whose rank is size(), or before the first. Good until the tree changes.
  //
  // Elements between two positions: the difference of their ranks.
  class Position {
   public:
    Position() = default;

    // Whether an element is here. What follows REQUIRES it, except where stated.
    explicit operator bool() const { return leaf_ != nullptr && index_ < leaf_->count(); }
    Element& operator*() const { return *get(); }
    Element* operator->() const { return get(); }
    Element* get() const { return static_cast<Element*>(leaf_->reference(index_)); }

    // Also behind the last element.
    std::size_t rank() const { return rank_; }

    // To the neighbour. O(1), and fetches elements ahead of their turn.
    void next();
    // Also from behind the last element; from the first, to a place that is left no more.
    void previous();

    // Whether both are the same place in one tree.
    bool operator==(const Position&) const = default;

   private:
    friend class OrderedTree;
    Position(const OrderedLeaf* leaf, unsigned index, std::size_t rank)
        : leaf_(leaf), index_(index), rank_(rank) {}
    const OrderedLeaf* leaf_ = nullptr;
    unsigned index_ = 0;
    std::size_t rank_ = 0;
  };

  struct Stats {
    std::size_t leaves = 0;
    std::size_t branches = 0;
    unsigned height = 0;  // levels of branches
  };

  explicit OrderedTree(Allocator& allocator) : allocator_(&allocator) {}
  OrderedTree(OrderedTree&& other) noexcept : allocator_(other.allocator_) { swap(other); }
  OrderedTree& operator=(OrderedTree&& other) noexcept {
    OrderedTree moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~OrderedTree() { clear(); }
  void swap(OrderedTree& other) noexcept;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // ---- One element -------------------------------------------------------------------------

  // REQUIRES: no element of the same score and member is present.
  void insert(Element* element);

  // Reads the element, but not after it is out of the tree. REQUIRES: present, by identity.
  void erase(const Element& element);

  // Gives the element another score, and the place that goes with it. The tree writes the score
  // itself, by Traits::set_score, since the element is found by the old one and put by the new one.
  // Costs one search where it stays in its leaf. An owner that must allocate the element anew for
  // its new score erases and inserts instead. REQUIRES: present, by identity.
  void rescore(Element& element, double score);

  // REQUIRES: present, by identity.
  Position find(const Element& element) const;
  std::size_t rank_of(const Element& element) const { return find(element).rank(); }

  // ---- Places ------------------------------------------------------------------------------

  // The element of this rank, counted from 0, or end().
  Position at(std::size_t rank) const;
  // O(1), as is end().
  Position begin() const { return {first_, 0, 0}; }
  // Behind the last element; previous() leads to it.
  Position end() const { return {last_, last_ == nullptr ? 0 : last_->count(), size_}; }

  // The first element whose score is >= or > this, or end(). REQUIRES: not a NaN.
  Position first_not_below(double score) const { return search(BeforeScore{score}); }
  Position first_above(double score) const { return search(ThroughScore{score}); }
  // The last element whose score is <= or < this, or a place before the first.
  Position last_not_above(double score) const { return before(first_above(score)); }
  Position last_below(double score) const { return before(first_not_below(score)); }

  // The same in the order of score and member.
  Position first_not_below(double score, std::string_view member) const {
    return search(BeforeMember{score, member});
  }
  Position first_above(double score, std::string_view member) const {
    return search(ThroughMember{score, member});
  }
  Position last_not_above(double score, std::string_view member) const {
    return before(first_above(score, member));
  }
  Position last_below(double score, std::string_view member) const {
    return before(first_not_below(score, member));
  }

  // Fetches the leaf in which an element of this score is or would be. Worth its search where other
  // work comes before the leaf is needed.
  void prefetch(double score) const {
    if (!empty()) {
      descend(
          [&](unsigned, OrderedBranch& branch) { return child_index(branch, BeforeScore{score}); });
    }
  }

  // ---- Many elements -----------------------------------------------------------------------

  // Inserts `count` elements that next() returns one by one, in order and behind all that are
  // present. Leaves full leaves. O(count)
  template <class Next>
  void append(std::size_t count, Next&& next);

  // Erases the elements of ranks [first, first + count), as far as there are, and hands each to
  // fn(Element*) in order. fn may free it, but not use the tree. O(log n + count)
  template <class Fn>
  void erase_ranks(std::size_t first, std::size_t count, Fn&& fn);

  // Forgets all elements, without reading any. O(nodes): for large trees see clear_step.
  void clear();

  // Forgets the last elements, `max_leaves` leaves of them, without reading any: the elements may
  // be freed already. Returns whether elements remain. Unless all that are left can be read,
  // nothing but clear_step() and clear() may follow.
  bool clear_step(std::size_t max_leaves);

  // ---- Where things lie in memory ------------------------------------------------------------

  // Lets up to `max_elements` of one leaf move, from that of rank `first` on, and the nodes on the
  // way to them: a node for which leaves(const void* node, std::size_t bytes) is true is allocated
  // anew, and move(Element*) returns where the element is from now on. Returns the rank to go on
  // with. O(log n + max_elements). REQUIRES: first < size()
  template <class Leaves, class Move>
  std::size_t relocate(std::size_t first, std::size_t max_elements, Leaves&& leaves, Move&& move);

  // ---- Accounting --------------------------------------------------------------------------

  // What the tree itself holds, without elements: object and nodes.
  std::size_t memory_bytes() const {
    return sizeof(*this) + leaves_ * sizeof(OrderedLeaf) + branches_ * sizeof(OrderedBranch);
  }
  Stats stats() const { return {leaves_, branches_, height_}; }

  // Asserts every invariant. O(n), for tests.
  void check() const;

 private:
  // A branch on the way down and the entry that was followed, from the root on: height_ of them.
  struct Step {
    OrderedBranch* branch;
    unsigned index;
  };
  static constexpr unsigned kMaxHeight = 32;  // branches have two children, leaves one element
  using Path = std::array<Step, kMaxHeight>;

  // Leaves that are neighbours in one branch: the entries [first, first + count).
  struct Window {
    unsigned first;
    unsigned count;
    unsigned elements;
  };

  // Where the new entry of a full branch is, which says how to split it.
  enum class Growth { kFront, kMiddle, kBack };

  // How many leaves share what one has too much or too little of. Measured, as are the leaf's size
  // and the slack: of 2 to 5 leaves of 512 to 1024 bytes, these give the quickest inserts of all
  // that need less than 10 bytes an element.
  static constexpr unsigned kWindow = OrderedLeafDeal::kMaxLeaves - 1;
  // A window that has fewer free slots than this for each leaf gets another leaf.
  static constexpr unsigned kLeafSlack = OrderedLeaf::kCapacity / 24;
  // Leaves that are merged are not filled beyond this, so that they do not soon split again.
  static constexpr unsigned kMergedMax = OrderedLeaf::kCapacity * 7 / 8;
  // Below these, a leaf looks for a merge, or takes from its neighbours.
  static constexpr unsigned kLeafHalf = OrderedLeaf::kCapacity / 2;
  static constexpr unsigned kLeafLow = OrderedLeaf::kCapacity / 4;
  static constexpr unsigned kBranchLow = OrderedBranch::kCapacity / 4;
  static constexpr unsigned kMergedBranchMax = OrderedBranch::kCapacity * 3 / 4;

  // How many elements ahead a walk fetches.
  static constexpr unsigned kAhead = 8;

  // A sought place: the gap behind all elements of lower score and, of those of the same score,
  // the ones that precedes() is true for.
  struct BeforeScore {
    double score;
    bool precedes(const Element*) const { return false; }
  };
  struct ThroughScore {
    double score;
    bool precedes(const Element*) const { return true; }
  };
  struct BeforeMember {
    double score;
    std::string_view member;
    bool precedes(const Element* e) const { return Traits::compare_member(*e, member) < 0; }
  };
  struct ThroughMember {
    double score;
    std::string_view member;
    bool precedes(const Element* e) const { return Traits::compare_member(*e, member) <= 0; }
  };
  struct BeforeElement {
    double score;
    const Element* element;
    bool precedes(const Element* e) const { return Traits::compare_ties(*e, *element) < 0; }
  };
  // `present` is in the tree, and is not read; `equal` is of the same score and member.
  struct ThroughElement {
    double score;
    const Element* equal;
    const Element* present;
    bool precedes(const Element* e) const {
      return e == present || Traits::compare_ties(*e, *equal) <= 0;
    }
  };

  static Element* element_of(void* reference) { return static_cast<Element*>(reference); }
  static double score_of(const void* reference) {
    return Traits::score(*static_cast<const Element*>(reference));
  }
  static std::uint64_t code_of(const void* reference) { return score_code(score_of(reference)); }
  static OrderedLeaf* leaf_of(void* node) { return static_cast<OrderedLeaf*>(node); }
  static OrderedBranch* branch_of(void* node) { return static_cast<OrderedBranch*>(node); }

  // Searching.
  template <class ElementAt, class Precedes>
  static unsigned first_behind(unsigned first, unsigned last, ElementAt&& element_at,
                               Precedes&& precedes);
  template <class Place>
  static unsigned child_index(const OrderedBranch& branch, const Place& place);
  template <class Place>
  static unsigned gap_in(const OrderedLeaf& leaf, const Place& place);
  template <class Choose>
  OrderedLeaf* descend(Choose&& choose) const;
  template <class Place>
  OrderedLeaf* descend_to(const Place& place, Path& path) const;
  OrderedLeaf* descend_to_rank(std::size_t& rank, Path& path) const;
  OrderedLeaf* descend_to_last(Path& path) const;
  template <class Place>
  Position search(const Place& place) const;
  static Position before(Position position) {
    position.previous();
    return position;
  }

  // Keeping the branches true to what is below them.
  static OrderedEntry entry_of(OrderedLeaf& leaf) {
    void* smallest = leaf.reference(0);
    return {score_of(smallest), smallest, &leaf, leaf.count()};
  }
  void add_elements(const Path& path, std::uint32_t change);
  void refresh_smallest(const Path& path, unsigned level);
  void refresh_smallest(const Path& path, OrderedLeaf& leaf);

  // Growing.
  OrderedLeaf* new_leaf(OrderedLeaf* previous, OrderedLeaf* next);
  OrderedBranch* new_branch();
  void plant_branch(Path& path);
  void insert_into_full(Path& path, OrderedLeaf& leaf, unsigned index, Element* element);
  void append_leaf(OrderedLeaf& leaf);
  void prepend_leaf(OrderedLeaf& leaf);
  void insert_entry(const Path& path, unsigned level, unsigned index, const OrderedEntry& entry,
                    Growth growth);

  // Shrinking.
  void drop_leaf(OrderedLeaf& leaf);
  void drop_branch(OrderedBranch* branch);
  void finish_erase(Path& path, OrderedLeaf& leaf, bool first_erased);
  void remove_leaf(Path& path, OrderedLeaf& leaf);
  void mend_leaf(Path& path, const OrderedLeaf& leaf);
  void erase_entries(const Path& path, unsigned level, unsigned first, unsigned count);
  void mend_branch(const Path& path, unsigned level);
  void clear_below(void* node, unsigned level);

  // Moving in memory.
  OrderedBranch* renew(const Path& path, unsigned level);
  OrderedLeaf* renew(const Path& path, OrderedLeaf& leaf);
  void set_child(const Path& path, unsigned level, void* node);

  // Sharing out.
  Window window_around(const Step& step) const;
  void deal_out(Path& path, Window window, OrderedLeafDeal& deal, unsigned leaves);

  struct Checked;
  void check_below(void* node, unsigned level, const OrderedEntry* entry, Checked& checked) const;

  Allocator* allocator_;
  void* root_ = nullptr;  // a leaf if height_ is 0
  OrderedLeaf* first_ = nullptr;
  OrderedLeaf* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint32_t leaves_ = 0;
  std::uint32_t branches_ = 0;
  unsigned height_ = 0;
};

}  // namespace tarn

#include "core/containers/ordered_tree_edit_impl.h"
#include "core/containers/ordered_tree_search_impl.h"
