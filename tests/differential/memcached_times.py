"""What two servers answer after a few seconds: what has expired, what a delayed flush has taken."""

import time

_STORE = b"set %b 0 %d 1\r\nv\r\n"
_KEYS = (
    b"soon later touched saved forever got meta viv made stale replaced appended n absolute mg-t "
    b"recache"
).split()
_LOOK = b"".join([b"get %b\r\n" % key for key in _KEYS]) + b"".join([
    _STORE % (b"soon", 0), b"add got 0 0 1\r\na\r\n", b"replace touched 0 0 1\r\na\r\n",
    b"append meta 0 0 1\r\na\r\n", b"incr n 1\r\n", b"touch stale 5\r\n", b"delete mg-t\r\n",
    b"mg viv N100 t\r\n", b"ma made N100 v\r\n", b"flush_all 2\r\n", b"get later\r\n",
    _STORE % (b"between", 0),
])  # fmt: skip
_LAST = b"".join([
    b"get %b\r\n" % key for key in (b"later", b"between", b"soon", b"forever", b"saved")
]) + _STORE % (b"after", 0) + b"get after\r\nflush_all 1\r\nget after\r\n"  # fmt: skip
_PAUSE_S = 3.2  # memcached's clock has whole seconds.


def compare(ours, theirs):
    """Yields a text for each difference."""
    with ours.memcached() as left, theirs.memcached() as right:
        for requests in (b"flush_all\r\n" + _first(), _LOOK, _LAST):
            answers = [_answer(client, requests) for client in (left, right)]
            for mine, other in zip(*answers):
                if mine != other:
                    yield f"after pauses: {mine!r}, memcached: {other!r}"
                    return
            if len(answers[0]) != len(answers[1]):
                yield f"after pauses: {len(answers[0])} lines, memcached: {len(answers[1])}"
            time.sleep(_PAUSE_S)


def _first():
    """Items that end, and items that came close to it."""
    now = int(time.time())
    return b"".join([
        _STORE % (b"soon", 2), _STORE % (b"later", 100), _STORE % (b"touched", 100),
        b"touch touched 2\r\n", _STORE % (b"saved", 2), b"touch saved 100\r\n",
        _STORE % (b"forever", 2), b"gat 0 forever\r\n", _STORE % (b"got", 0), b"gat 2 got\r\n",
        b"ms meta 1 T2\r\nv\r\n", b"mg viv N2 s\r\n", b"ma made N2 J5 v\r\n",
        _STORE % (b"stale", 0), b"md stale I T2\r\n", _STORE % (b"replaced", 2),
        b"replace replaced 0 0 1\r\nw\r\n", _STORE % (b"appended", 2),
        b"append appended 0 100 1\r\nw\r\n", b"set n 0 2 1\r\n5\r\n", b"incr n 1\r\n",
        _STORE % (b"absolute", now + 2),
        _STORE % (b"mg-t", 100), b"mg mg-t T2 t\r\n", _STORE % (b"recache", 20),
        b"mg recache R30 v\r\n", b"mg recache R30 v\r\n",
    ])  # fmt: skip


def _answer(client, requests):
    client.send(requests + b"mn\r\n")
    lines = []
    while (line := client.line()) != b"MN\r\n":
        lines.append(line)
    return lines
