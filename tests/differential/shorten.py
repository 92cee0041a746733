"""The part of delta debugging that does not care what a history is made of."""

import time


def shortened(history, same, deadline):
    """A short part of the list for which `same` holds as it does for all of it (ddmin).

    Halves are left out, then quarters and so on, then single elements; at `deadline` (a time of the
    monotonic clock) it stops with what it has.
    """
    pieces = 2
    while len(history) > 1 and time.monotonic() < deadline:
        size = max(1, len(history) // pieces)
        shorter = _without_one_piece(history, size, same, deadline)
        if shorter is not None:
            history = shorter
            pieces = max(2, pieces - 1)
        elif size == 1:
            break
        else:
            pieces = min(len(history), pieces * 2)
    return history


def _without_one_piece(history, size, same, deadline):
    # Late pieces are kept longest: try to leave out the early ones first.
    for start in range(0, len(history), size):
        if time.monotonic() > deadline:
            return None
        candidate = history[:start] + history[start + size :]
        if same(candidate):
            return candidate
    return None
