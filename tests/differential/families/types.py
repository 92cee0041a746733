"""A few values of the other types, so that string commands meet them."""

from grammar import Family, key, maybe, row, small_integer, text

ROWS = [
    row(0.6, "RPUSH", key, small_integer, maybe(0.5, text)),
    row(0.6, "SADD", key, small_integer, small_integer),
    row(0.6, "HSET", key, small_integer, text),
    row(0.6, "ZADD", key, small_integer, small_integer),
    row(0.2, "LLEN", key),
    row(0.2, "SCARD", key),
    row(0.2, "HLEN", key),
    row(0.2, "ZCARD", key),
    row(0.2, "TYPE", key),
]

FAMILY = Family("types", ROWS, requires=("RPUSH", "SADD", "HSET", "ZADD"))
