"""The generic commands: names, deadlines, databases, iteration."""

from grammar import (
    Family, bad_deadline, either, far_milliseconds, far_seconds, group, key, maybe, one_of, options,
    past_unix_seconds, repeat, row, unix_milliseconds, unix_seconds, word,
)  # fmt: skip

_PATTERNS = [
    b"*", b"k*", b"n?", b"k[0-4]", b"k[^0-4]", b"*[", b"[", b"\\*", b"k\\1", b"", b"*e*", b"K0",
    b"{tag}*", b"k1[", b"k[5-0]", b"**0", b"a key", b"long:*x", b"?", b"\x00*", b"[a-k]?",
    b"k[\\0-\\3]", b"***", b"*\\",
]  # fmt: skip
_ODD_DATABASES = [
    b"15", b"16", b"-1", b"abc", b"", b"9223372036854775808", b"4294967296", b"1.0", b"01",
]  # fmt: skip


def _pattern(rng, out):
    out.append(_PATTERNS[int(rng.random() * len(_PATTERNS))])


def _db(rng, out):
    if rng.random() < 0.92:
        out.append(b"%d" % int(rng.random() * 4))
    else:
        out.append(_ODD_DATABASES[int(rng.random() * len(_ODD_DATABASES))])


_seconds = either(0.85, far_seconds, bad_deadline)
_milliseconds = either(0.85, far_milliseconds, bad_deadline)
_at_seconds = either(0.85, unix_seconds, one_of(bad_deadline, past_unix_seconds))
_at_milliseconds = either(0.85, unix_milliseconds, one_of(bad_deadline, past_unix_seconds))
_condition = maybe(0.6, options(word("NX"), word("XX"), word("GT"), word("LT"), word("FOO")))

_match = group(word("MATCH"), _pattern)
_good_count = word("1", "3", "10", "1000")
_bad_count = word("0", "-1", "abc", "9223372036854775807")
_type = group(word("TYPE"), word("string", "list", "hash", "zset", "set", "stream", "foo", ""))
_scan_options = options(
    _match, group(word("COUNT"), either(0.85, _good_count, _bad_count)), _type, word("FOO")
)
_cursor = either(0.6, word("0"), word("abc", "-1", "18446744073709551616", "", "1x", " 0", "17"))
_whole_scan_options = options(_match, group(word("COUNT"), word("1", "5", "100")), _type)
_flush_mode = maybe(0.6, word("ASYNC", "SYNC", "FOO"))
_odd_object = either(0.5, word("HELP"), word("FOO", "", "ENCODINGS"))

ROWS = [
    row(4, "DEL", repeat(1, 3, key)),
    row(2, "UNLINK", repeat(1, 3, key)),
    row(3, "EXISTS", repeat(1, 4, key)),
    row(2, "TOUCH", repeat(1, 3, key)),
    row(3, "TYPE", key),
    row(5, "EXPIRE", key, _seconds, _condition),
    row(5, "PEXPIRE", key, _milliseconds, _condition),
    row(5, "EXPIREAT", key, _at_seconds, _condition),
    row(5, "PEXPIREAT", key, _at_milliseconds, _condition),
    row(3, "TTL", key),
    row(3, "PTTL", key),
    row(4, "EXPIRETIME", key),
    row(4, "PEXPIRETIME", key),
    row(3, "PERSIST", key),
    row(4, "COPY", key, key, options(word("REPLACE"), group(word("DB"), _db))),
    row(4, "RENAME", key, key),
    row(3, "RENAMENX", key, key),
    row(3, "MOVE", key, _db),
    row(2, "KEYS", _pattern),
    row(1, "RANDOMKEY"),
    row(2, "DBSIZE"),
    row(1, "SCAN", _cursor, _scan_options),
    row(1, "@SCAN", _whole_scan_options),
    row(8, "OBJECT", word("ENCODING"), key),
    row(1, "OBJECT", word("REFCOUNT"), key),
    row(0.5, "OBJECT", word("IDLETIME", "FREQ"), key),
    row(0.3, "OBJECT", _odd_object, maybe(0.5, key)),
    row(1.5, "SELECT", _db),
    row(0.3, "SWAPDB", _db, _db),
    row(0.1, "FLUSHDB", _flush_mode),
    row(0.03, "FLUSHALL", _flush_mode),
]


def _forbidden(args):
    """@SCAN is a composite of the harness, not a command: it has no error forms."""
    if args[0] != b"@SCAN":
        return False
    pairs = dict(zip((name.upper() for name in args[1::2]), args[2::2]))
    return (
        len(args) % 2 == 0
        or not set(pairs) <= {b"MATCH", b"COUNT", b"TYPE"}
        or pairs.get(b"COUNT", b"1") not in (b"1", b"5", b"100")
    )


FAMILY = Family("keys", ROWS, _forbidden, requires=("DEL",))
