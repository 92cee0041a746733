"""DUMP and RESTORE.

What DUMP replies is each server's own, so valid payloads do not go from one command to the next,
but within two composites of the harness: `@RESTORE source key ttl option...` restores what the same
server's DUMP replies, `@EXCHANGE` what that of the other replies. A source that is not there makes
both reply nil. What is restored is compared with all the rest at the end of an epoch.
"""

from grammar import (
    HOUR_MS, YEAR_2100_S, Family, as_integer, either, far_milliseconds, group, key, key_of, maybe,
    one_of, options, past_unix_seconds, row, unix_milliseconds, word,
)  # fmt: skip
from support.rdb import intset, mended, payload, string, ziplist

_PAIRS = ziplist(b"\x00\x01f\x03\x031.5\x05\x01g\x03\xf3", 4, 11)
_GOOD = [
    payload(0, string(b"text")),
    payload(0, b"\xc0\xfb"),
    payload(0, b"\xc2\x00\x00\x01\x80"),
    payload(0, b"\xc3\x05\x0a\x00a\xe0\x00\x00"),
    payload(1, b"\x02" + string(b"a") + b"\xc0\x01"),
    payload(2, b"\x02" + string(b"a") + b"\xc0\x01"),
    payload(3, b"\x02" + string(b"a") + string(b"1.5") + string(b"b") + b"\xff"),
    payload(4, b"\x01" + string(b"f") + b"\xc1\x39\x30"),
    payload(5, b"\x01" + string(b"a") + b"\x00\x00\x00\x00\x00\x00\xf8\x3f"),
    payload(9, string(b"\x01\x01f\x01\x02v..\xff")),
    payload(10, ziplist(b"\x00\xf2\x02\xfe\x80", 2, 2)),
    payload(11, intset(2, -5, 300)),
    payload(11, intset(8, -(2**63), 2**63 - 1)),
    payload(12, _PAIRS),
    payload(13, _PAIRS),
    payload(14, b"\x01" + _PAIRS),
]
_GOOD_HASH = payload(13, _PAIRS)
# Those that are cut claim much more than they have: redis-server takes the version and the checksum
# for a part of the value.
_BAD = [
    b"",
    b"foo",
    bytes(9),
    _GOOD[0][:-1],
    _GOOD[0] + b"x",
    _GOOD[0][:-8] + bytes(8),
    payload(0, string(b"text"), version=9999),
    payload(99, string(b"text")),
    payload(0, b"\x3ftext"),
    payload(0, b"\xc4\x01"),
    payload(1, b"\x00"),
    payload(1, b"\x05" + string(b"a")),
    payload(2, b"\x02" + string(b"a") + string(b"a")),
    payload(3, b"\x01" + string(b"a") + b"\xfd"),
    payload(5, b"\x01" + string(b"a") + b"\x00\x00\x00\x00\x00\x00\xf8\x7f"),
    payload(10, ziplist(b"\x00\xf2\x03\xf3", 2, 2)),
    payload(10, ziplist(b"\x00\xf2", 2, 0)),
    payload(11, intset(2, 5, -5)),
    payload(11, intset(2)),
    payload(12, ziplist(b"\x00\x01f", 1, 0)),
    mended(_GOOD_HASH[:-12] + _GOOD_HASH[-10:]),
]


def _payload(rng, out):
    out.append(rng.choice(_GOOD if rng.random() < 0.6 else _BAD))


_source = one_of(key_of("list"), key_of("set"), key_of("zset"), key_of("hash"), key)
_target = either(0.7, key, _source)
_ttl = either(
    0.6, word("0"), one_of(far_milliseconds, far_milliseconds, word("-1", "", "abc", "1.5", "01"))
)
_replace = maybe(0.7, word("REPLACE"))
_more = options(
    word("REPLACE"),
    group(word("IDLETIME"), either(0.7, word("0", "1000", "16777216"), word("-1", "abc", ""))),
    group(word("FREQ"), either(0.7, word("0", "5", "255"), word("-1", "256", "abc", ""))),
    word("IDLETIME", "FREQ", "FOO", "NX", "ABSTTL"),
)
_moment = either(0.8, unix_milliseconds, past_unix_seconds)

ROWS = [
    row(1, "DUMP", _source),
    row(5, "RESTORE", _target, _ttl, _payload, _replace, maybe(0.4, _more)),
    row(1, "RESTORE", _target, _moment, _payload, word("ABSTTL"), _replace),
    row(3, "@RESTORE", _source, _target, _ttl, _replace, maybe(0.3, _more)),
    row(1, "@RESTORE", _source, _target, _moment, word("ABSTTL"), _replace),
    row(3, "@EXCHANGE", _source, _target, _ttl, _replace),
]
_LAST_OLD_MS = 10**12


def _forbidden(args):
    """A deadline that is near, and one so far that redis-server's sum with the time overflows."""
    if args[0] == b"DUMP":
        return False
    composite = args[0].startswith(b"@")
    if composite and len(args) < 4:
        return True
    number = as_integer(args[3 if composite else 2]) if len(args) > 2 else None
    if number is None:
        return False
    if b"ABSTTL" in (arg.upper() for arg in args[4:]):
        return _LAST_OLD_MS < number < YEAR_2100_S * 1000
    return 0 < number < HOUR_MS or number > 1 << 62


def _excludes(args):
    """Limits of elements' sizes: redis-server does not ask them for what it restores packed."""
    return args[0] == b"CONFIG" and any(
        arg.lower().endswith((b"-listpack-value", b"-ziplist-value")) for arg in args[2:]
    )


FAMILY = Family("dump", ROWS, _forbidden, requires=("DUMP", "RESTORE"), excludes=_excludes)
