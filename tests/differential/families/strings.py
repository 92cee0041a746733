"""Strings: every command of the group, as of Redis 7.0."""

from grammar import (
    Family,
    bad_deadline,
    either,
    far_milliseconds,
    far_seconds,
    floating,
    index,
    integer,
    key,
    maybe,
    number_key,
    one_of,
    options,
    past_unix_seconds,
    repeat,
    row,
    text,
    unix_milliseconds,
    unix_seconds,
    value,
    word,
)

_seconds = either(0.85, far_seconds, bad_deadline)
_milliseconds = either(0.85, far_milliseconds, bad_deadline)
_at_seconds = either(0.8, unix_seconds, either(0.5, bad_deadline, past_unix_seconds))
_at_milliseconds = either(0.8, unix_milliseconds, either(0.5, bad_deadline, past_unix_seconds))


def _with(token, argument):
    name = word(token)

    def element(rng, out):
        name(rng, out)
        argument(rng, out)

    return element


_DEADLINES = (
    _with("EX", _seconds),
    _with("PX", _milliseconds),
    _with("EXAT", _at_seconds),
    _with("PXAT", _at_milliseconds),
)

ROWS = [
    row(14, "SET", key, value),
    row(6, "SET", number_key, integer),
    row(
        8,
        "SET",
        key,
        value,
        options(word("NX"), word("XX"), word("GET"), word("KEEPTTL"), *_DEADLINES),
    ),
    row(9, "GET", key),
    row(3, "GETDEL", key),
    row(4, "GETEX", key, options(word("PERSIST"), *_DEADLINES)),
    row(3, "GETSET", key, value),
    row(3, "SETNX", key, value),
    row(2, "SETEX", key, _seconds, value),
    row(2, "PSETEX", key, _milliseconds, value),
    row(5, "APPEND", key, value),
    row(3, "STRLEN", key),
    row(4, "GETRANGE", key, index, index),
    row(1, "SUBSTR", key, index, index),
    row(4, "SETRANGE", key, index, text),
    row(3, "MGET", repeat(1, 5, key)),
    row(2, "MSET", repeat(1, 4, key, value)),
    row(2, "MSETNX", repeat(1, 3, key, value)),
    row(6, "INCR", number_key),
    row(4, "DECR", number_key),
    row(6, "INCRBY", number_key, integer),
    row(4, "DECRBY", number_key, integer),
    row(6, "INCRBYFLOAT", number_key, floating),
    row(
        2,
        "LCS",
        key,
        key,
        options(
            word("LEN"),
            word("IDX"),
            word("WITHMATCHLEN"),
            _with("MINMATCHLEN", one_of(index, integer)),
        ),
    ),
    row(
        1,
        "LCS",
        key,
        key,
        word("IDX"),
        maybe(0.5, _with("MINMATCHLEN", index)),
        maybe(0.5, word("WITHMATCHLEN")),
    ),
]

FAMILY = Family("strings", ROWS, requires=("SET",))
