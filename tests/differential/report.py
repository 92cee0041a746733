"""What a difference looks like on paper: where, what, its keys' history, the minimised session."""

import re

from grammar import KEY_SET
from minimise import minimise, replay
from pair import StateDifference
from support.resp import Reply
from support.text import quote_command, render

CONNECTIONS = 5
_HISTORY_SHOWN = 12
_MINIMISED_SHOWN = 40


def signature(found):
    """Differences with the same signature are most likely the same bug."""
    if isinstance(found, StateDifference):
        return "state", re.sub(r"\d+", "0", str(found).split("\n", maxsplit=1)[0])[:40]
    kinds = tuple(_kind(reply) for reply in (found.ours, found.theirs))
    errors = all(isinstance(kind, bytes) for kind in kinds)  # one text serves many commands
    return kinds if errors else (found.args_[0].upper()[:20], *kinds)


def _kind(reply):
    if not isinstance(reply, Reply):
        return reply
    if reply.is_error:
        return re.sub(rb"'.*?'|\d+", b"", reply.value)[:40]
    return reply.kind, reply.value is None


def show(found):
    if isinstance(found, StateDifference):
        print("  after the same replies:\n  " + str(found)[:4000].replace("\n", "\n  "))
        return
    print(f"  command {quote_command(found.args_, 500)}")
    for name, reply in (("ours", found.ours), ("theirs", found.theirs)):
        lines = render(reply) if isinstance(reply, Reply) else [reply]
        shown = [line[:600] for line in lines[:30]]
        print(f"  {name:7} " + "\n          ".join(shown))


def _session(history):
    for connection, args in history:
        yield f"{'ABCDE'[connection]}> {quote_command(args, 300)}"


def show_related(history):
    """The last commands that touched the keys of the last one."""
    touched = set(history[-1][1][1:]) & KEY_SET
    if not touched:
        return
    related = [step for step in history if touched.intersection(step[1][1:])]
    print(f"  the last commands on {', '.join(sorted(map(repr, touched)))}:")
    for line in _session(related[-_HISTORY_SHOWN:]):
        print(f"    {line[:200]}")


def report(pair, place, history, found):
    """Prints a difference that was met at `place` (a text) at the end of `history`."""
    print(f"\n=== {place}, command {len(history)}")
    show(found)
    if not isinstance(found, StateDifference):
        show_related(history)
    for side, name in zip(pair.sides, ("tested", "oracle")):
        if not side.server.alive:
            print(f"  the {name} server is dead; its log ends with:\n{side.server.log_tail(60)}")
    shortest, repeated = minimise(pair, history, CONNECTIONS, found)
    if not repeated:
        print("  it does not repeat: a matter of timing, or of what happened before the epoch")
        return
    print(f"  minimised to {len(shortest)} commands:")
    for line in list(_session(shortest))[:_MINIMISED_SHOWN]:
        print(f"    {line}")
    if len(shortest) > _MINIMISED_SHOWN:
        print(f"    ... and {len(shortest) - _MINIMISED_SHOWN} more")
    again = replay(pair, shortest, CONNECTIONS, isinstance(found, StateDifference))
    if again is not None:
        show(again)
