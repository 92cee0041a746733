"""Delta debugging: the shortest history found that still makes two servers differ.

A history is a list of (connection, args). Replays start from `Pair.reset`, so a subset of a history
is itself a history. First only the commands that share keys with the last one are tried, then
pieces are left out (`shorten`).
"""

import time

from grammar import KEY_SET
from pair import CLOSED, Difference, StateDifference
from shorten import shortened
from support.resp import Reply


def batches(history, limit=300):
    """Runs of the history on one connection; a composite (@SCAN) stands alone."""
    run, last = [], None
    for connection, args in history:
        alone = args[0].startswith(b"@")
        if run and (
            connection != last or alone or len(run) >= limit or run[-1][0].startswith(b"@")
        ):
            yield last, run
            run = []
        run.append(args)
        last = connection
    if run:
        yield last, run


def replay(pair, history, connections, state):
    """The Difference or StateDifference that the history leads to, or None."""
    pair.reset(connections)
    try:
        for connection, commands in batches(history):
            pair.run(connection, commands)
        if state:
            pair.compare_state()
    except (Difference, StateDifference) as found:
        return found
    except CLOSED as closed:
        return StateDifference(f"a server closed its connections: {closed!r}")
    return None


def _silent(found):
    """Was there no reply at all on one side? Then any command may have been the fatal one."""
    return not isinstance(found.ours, Reply) or not isinstance(found.theirs, Reply)


def minimise(pair, history, connections, found, budget_s=40.0):
    """A short history with the same kind of difference (the original one if it does not repeat)."""
    state = isinstance(found, StateDifference)
    deadline = time.monotonic() + budget_s

    def same(candidate):
        if not candidate:
            return False
        again = replay(pair, candidate, connections, state)
        if type(again) is not type(found):
            return False
        if state or _silent(found):
            return state or _silent(again)
        return again.args_[0].upper() == found.args_[0].upper()

    related = history if state or _silent(found) else _related(history)
    if len(related) < len(history) and same(related):
        history = related
    elif not same(history):
        return history, False
    return shortened(history, same, deadline), True


_CONTEXT = {b"SELECT", b"HELLO", b"SWAPDB", b"FLUSHALL", b"FLUSHDB", b"RESET"}


def _related(history):
    """Commands that touch a key of the last one, and those that change a connection's context."""
    keys = set(history[-1][1][1:]) & KEY_SET
    if not keys:
        return history
    return [
        (connection, args)
        for connection, args in history
        if args[0].upper() in _CONTEXT or keys.intersection(args[1:]) or args is history[-1][1]
    ]
