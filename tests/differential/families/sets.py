"""Sets. SPOP takes what it likes, so it is sent only where it has no choice."""

from families.administration import forbidden_settings
from grammar import (
    Family, as_integer, goes_through_a_table, draws_for_ever, group, key_of, keys_counted, maybe, member, options, repeat, row,
    small_count, small_integer, value, word,
)  # fmt: skip

_set = key_of("set")

ROWS = [
    row(8, "SADD", _set, repeat(1, 5, member)),
    row(3, "SADD", _set, repeat(1, 8, small_integer)),
    row(1, "SADD", _set, repeat(30, 90, member)),
    row(1, "SADD", _set, value),
    row(6, "SREM", _set, repeat(1, 4, member)),
    row(2, "SREM", _set, repeat(10, 40, member)),
    row(2, "SMEMBERS", _set),
    row(4, "SISMEMBER", _set, member),
    row(3, "SMISMEMBER", _set, repeat(1, 4, member)),
    row(3, "SCARD", _set),
    row(3, "SMOVE", _set, _set, member),
    row(1, "SPOP", _set, word("100000", "0", "-1", "x", "9223372036854775808")),
    row(2, "SRANDMEMBER", _set, maybe(0.7, small_count)),
    row(3, "SINTER", repeat(1, 3, _set)),
    row(3, "SUNION", repeat(1, 3, _set)),
    row(3, "SDIFF", repeat(1, 3, _set)),
    row(2, "SINTERSTORE", _set, repeat(1, 3, _set)),
    row(2, "SUNIONSTORE", _set, repeat(1, 3, _set)),
    row(2, "SDIFFSTORE", _set, repeat(1, 3, _set)),
    row(3, "SINTERCARD", keys_counted("set"), maybe(0.5, word("LIMIT"), small_count)),
    row(1, "SSCAN", _set, word("x", "abc"),
        options(group(word("COUNT"), small_count), group(word("MATCH"), member))),
    row(1, "@SSCAN", _set),
    row(0.3, "CONFIG SET", word("set-max-intset-entries"), word("512", "0", "8", "32")),
    row(0.2, "CONFIG SET", word("set-max-listpack-entries"), word("128", "0", "8", "32")),
    row(0.1, "CONFIG SET", word("set-max-listpack-value"), word("64", "0", "4")),
]  # fmt: skip


def _forbidden(args):
    if args[0] == b"CONFIG":
        return forbidden_settings(args)
    if args[0] == b"SSCAN" and goes_through_a_table(args):
        return True
    if args[0] == b"SRANDMEMBER" and draws_for_ever(args):
        return True
    if args[0] == b"@SSCAN":
        return len(args) != 2
    if args[0] != b"SPOP":
        return False
    return len(args) == 2 or (len(args) == 3 and 0 < (as_integer(args[2]) or 0) < 100_000)


FAMILY = Family("sets", ROWS, _forbidden, requires=("SADD", "SINTERCARD"))
