#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/memory/object_heap.h"
#include "core/types/set.h"
#include "core/types/set_member.h"

namespace tarn {

// Intersections, unions and differences of sets in any encodings.
//
// Results are not made, they pass by: members of one of the sets go in batches through the others,
// each of which strikes out those that it holds, or those that it lacks. What is left of a batch is
// handed on, to a reply or into a new set, and no member comes twice. Where a large set is walked,
// its members come in the order of their hashes, so other large sets are read in this order, too.

// Receives a part of a result; the batch is not empty, and may be changed.
using TakeBatch = std::function<void(MemberBatch&)>;

// The members that all of the sets have in common. Walks the smallest and asks the others, smaller
// ones first. O(n * k) for k sets of which the smallest has n members. REQUIRES: at least one set
void intersect(std::span<const SetView> sets, const TakeBatch& take);

// How many members all of the sets have in common; as soon as they are known to be `limit`, that.
// REQUIRES: at least one set
std::size_t intersection_size(std::span<const SetView> sets, std::size_t limit);

// The members of any of the sets. Either walks all sets and asks, for each member, those that were
// walked before; or, where they are so many that this would cost more, notes what it has seen in a
// set of its own, in `heap`. O(n) for n members altogether.
void unite(std::span<const SetView> sets, ObjectHeap& heap, const TakeBatch& take);
// The same into a set that is empty, and serves as that note.
void unite_into(Set& result, std::span<const SetView> sets);

// The members of the first set that are in none of the others. Either asks each of the others for
// each member; or, where this would cost more, first collects in a set of its own, in `heap`, what
// the others and the first have in common. O(n) for n members altogether.
void subtract(const SetView& first, std::span<const SetView> others, ObjectHeap& heap,
              const TakeBatch& take);

}  // namespace tarn
