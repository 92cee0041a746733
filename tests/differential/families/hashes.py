"""Hashes, as of Redis 7.0."""

from families.administration import forbidden_settings
from grammar import (
    Family, goes_through_a_table, draws_for_ever, floating, integer, key_of, maybe, member, options, repeat, row, small_count, value,
    word,
)  # fmt: skip

_hash = key_of("hash")

ROWS = [
    row(8, "HSET", _hash, repeat(1, 4, member, member)),
    row(2, "HSET", _hash, member, value),
    row(1, "HSET", _hash, repeat(20, 60, member, member)),
    row(2, "HMSET", _hash, repeat(1, 3, member, member)),
    row(3, "HSETNX", _hash, member, member),
    row(5, "HGET", _hash, member),
    row(3, "HMGET", _hash, repeat(1, 4, member)),
    row(2, "HGETALL", _hash),
    row(2, "HKEYS", _hash),
    row(2, "HVALS", _hash),
    row(2, "HLEN", _hash),
    row(3, "HEXISTS", _hash, member),
    row(5, "HDEL", _hash, repeat(1, 4, member)),
    row(3, "HSTRLEN", _hash, member),
    row(4, "HINCRBY", _hash, member, integer),
    row(4, "HINCRBYFLOAT", _hash, member, floating),
    row(2, "HRANDFIELD", _hash, maybe(0.6, small_count, maybe(0.4, word("WITHVALUES", "FOO")))),
    row(1, "HSCAN", _hash, word("x", "abc"),
        options(word("COUNT"), small_count, word("MATCH"), member)),
    row(1, "@HSCAN", _hash),
    row(0.3, "CONFIG SET", word("hash-max-listpack-entries"), word("512", "0", "8", "32")),
    row(0.2, "CONFIG SET", word("hash-max-ziplist-value"), word("64", "0", "4", "10")),
]  # fmt: skip


def _forbidden(args):
    if args[0] == b"CONFIG":
        return forbidden_settings(args)
    if args[0] == b"HSCAN" and goes_through_a_table(args):
        return True
    if args[0] == b"HRANDFIELD" and draws_for_ever(args):
        return True
    return args[0] == b"@HSCAN" and len(args) != 2


FAMILY = Family("hashes", ROWS, _forbidden, requires=("HSET", "HRANDFIELD"))
