"""Lists, the blocking forms with timeouts so short that the run does not notice."""

from families.administration import forbidden_settings
from grammar import (
    Family, index, key_of, keys_counted, maybe, member, options, repeat, row, short_timeout,
    small_count, value, waits_too_long, word,
)  # fmt: skip

_list = key_of("list")
_end = word("LEFT", "RIGHT", "left", "RIGHT", "FOO")


def _option(token, argument):
    name = word(token)

    def element(rng, out):
        name(rng, out)
        argument(rng, out)

    return element


ROWS = [
    row(6, "LPUSH", _list, repeat(1, 4, member)),
    row(7, "RPUSH", _list, repeat(1, 4, member)),
    row(2, "RPUSH", _list, repeat(20, 60, member)),
    row(1, "RPUSH", _list, value),
    row(2, "LPUSHX", _list, repeat(1, 3, member)),
    row(2, "RPUSHX", _list, repeat(1, 3, member)),
    row(4, "LPOP", _list, maybe(0.4, small_count)),
    row(4, "RPOP", _list, maybe(0.4, small_count)),
    row(3, "LLEN", _list),
    row(6, "LRANGE", _list, index, index),
    row(4, "LINDEX", _list, index),
    row(4, "LSET", _list, index, member),
    row(4, "LREM", _list, small_count, member),
    row(2, "LTRIM", _list, index, index),
    row(4, "LINSERT", _list, word("BEFORE", "AFTER", "FOO"), member, member),
    row(4, "LPOS", _list, member,
        options(_option("RANK", small_count), _option("COUNT", small_count),
                _option("MAXLEN", small_count))),
    row(3, "LMOVE", _list, _list, _end, _end),
    row(2, "RPOPLPUSH", _list, _list),
    row(2, "LMPOP", keys_counted("list"), _end, maybe(0.5, _option("COUNT", small_count))),
    row(1, "BLPOP", repeat(1, 3, _list), short_timeout),
    row(1, "BRPOP", repeat(1, 3, _list), short_timeout),
    row(1, "BLMOVE", _list, _list, _end, _end, short_timeout),
    row(1, "BRPOPLPUSH", _list, _list, short_timeout),
    row(1, "BLMPOP", short_timeout, keys_counted("list"), _end,
        maybe(0.4, _option("COUNT", small_count))),
    row(0.3, "CONFIG SET", word("list-max-listpack-size"),
        word("-2", "-1", "-5", "1", "4", "16", "128")),
    row(0.2, "CONFIG SET", word("list-compress-depth"), word("0", "1", "2")),
]  # fmt: skip


def _forbidden(args):
    if args[0] == b"CONFIG":
        return forbidden_settings(args)
    if args[0] == b"BLMPOP":
        return len(args) > 1 and waits_too_long(args[1])
    return args[0] in (b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH") and waits_too_long(args[-1])


FAMILY = Family("lists", ROWS, _forbidden, requires=("RPUSH", "LMPOP"))
