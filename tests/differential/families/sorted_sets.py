"""Sorted sets, as of Redis 7.0, sets among their operands."""

from families.administration import forbidden_settings
from grammar import (
    Family, goes_through_a_table, draws_for_ever, either, floating, group, index, integer, key_of,
    keys_counted, maybe, member, one_of, options, repeat, row, short_timeout, small_count,
    waits_too_long, word,
)  # fmt: skip

_zset = key_of("zset")
_operand = either(0.85, key_of("zset"), key_of("set"))


def _lex(rng, out):
    """A key whose members all have the same score: only then BYLEX promises anything."""
    out.append(b"lex%d" % int(rng.random() * 3))


def _score(rng, out):
    dice = rng.random()
    if dice < 0.6:
        out.append(b"%d" % int(rng.random() * 30 - 10))
    elif dice < 0.8:
        floating(rng, out)
    elif dice < 0.9:
        out.append(rng.choice([b"inf", b"-inf", b"+inf", b"nan", b"1e308", b"-1e308", b"-0"]))
    else:
        integer(rng, out)


def _score_bound(rng, out):
    before = len(out)
    dice = rng.random()
    if dice < 0.2:
        out.append(rng.choice([b"-inf", b"+inf", b"inf", b"(inf", b"(-inf", b"(", b"[1", b""]))
    else:
        _score(rng, out)
    if rng.random() < 0.3:
        out[before] = b"(" + out[before]


def _lex_bound(rng, out):
    dice = rng.random()
    if dice < 0.3:
        out.append(rng.choice([b"-", b"+", b"-", b"+", b"[", b"(", b"", b"x", b"--"]))
        return
    before = len(out)
    member(rng, out)
    out[before] = rng.choice([b"[", b"("]) + out[before]


def _option(token, *arguments):
    name = word(token)

    def element(rng, out):
        name(rng, out)
        for argument in arguments:
            argument(rng, out)

    return element


def _weighted(token_options):
    """numkeys, keys, and options whose number of weights mostly fits."""

    def element(rng, out):
        count = rng.randint(1, 3)
        out.append(b"%d" % count)
        for _ in range(count):
            _operand(rng, out)
        if rng.random() < 0.4:
            out.append(rng.choice([b"WEIGHTS", b"weights"]))
            for _ in range(count if rng.random() < 0.92 else count + 1):
                _score(rng, out)
        if rng.random() < 0.4:
            out += [b"AGGREGATE", rng.choice([b"SUM", b"MIN", b"MAX", b"min", b"FOO"])]
        token_options(rng, out)

    return element


_limit = _option("LIMIT", index, small_count)
_with_scores = maybe(0.4, word("WITHSCORES"))
_range_options = options(word("REV"), word("WITHSCORES"), _limit)
_extreme = word("MIN", "MAX", "min", "FOO")
_counted = maybe(0.4, _option("COUNT", small_count))

ROWS = [
    row(10, "ZADD", _zset, repeat(1, 4, _score, member)),
    row(1, "ZADD", _zset, repeat(30, 90, _score, member)),
    row(6, "ZADD", _zset,
        options(word("NX"), word("XX"), word("GT"), word("LT"), word("CH"), word("INCR")),
        repeat(1, 2, _score, member)),
    row(4, "ZADD", _lex, repeat(1, 6, word("0"), member)),
    row(1, "ZADD", _lex, repeat(30, 90, word("0"), member)),
    row(1, "ZREM", _lex, repeat(1, 20, member)),
    row(4, "ZINCRBY", _zset, _score, member),
    row(5, "ZREM", _zset, repeat(1, 4, member)),
    row(4, "ZSCORE", _zset, member),
    row(3, "ZMSCORE", _zset, repeat(1, 4, member)),
    row(2, "ZCARD", _zset),
    row(3, "ZCOUNT", _zset, _score_bound, _score_bound),
    row(3, "ZLEXCOUNT", _lex, _lex_bound, _lex_bound),
    row(4, "ZRANK", _zset, member),
    row(4, "ZREVRANK", _zset, member),
    row(5, "ZRANGE", _zset, index, index, options(word("REV"), word("WITHSCORES"), _limit)),
    row(4, "ZRANGE", _zset, _score_bound, _score_bound, word("BYSCORE"), _range_options),
    row(4, "ZRANGE", _lex, _lex_bound, _lex_bound, word("BYLEX"), _range_options),
    row(3, "ZREVRANGE", _zset, index, index, _with_scores),
    row(3, "ZRANGEBYSCORE", _zset, _score_bound, _score_bound,
        options(word("WITHSCORES"), _limit)),
    row(3, "ZREVRANGEBYSCORE", _zset, _score_bound, _score_bound,
        options(word("WITHSCORES"), _limit)),
    row(2, "ZRANGEBYLEX", _lex, _lex_bound, _lex_bound, maybe(0.4, _limit)),
    row(2, "ZREVRANGEBYLEX", _lex, _lex_bound, _lex_bound, maybe(0.4, _limit)),
    row(2, "ZRANGESTORE", _zset, _zset, index, index, options(word("REV"), _limit)),
    row(2, "ZRANGESTORE", _zset, _zset, _score_bound, _score_bound, word("BYSCORE"),
        options(word("REV"), _limit)),
    row(1, "ZRANGESTORE", _zset, _lex, _lex_bound, _lex_bound, word("BYLEX"),
        options(word("REV"), _limit)),
    row(1, "ZREMRANGEBYRANK", _zset, index, index),
    row(1, "ZREMRANGEBYSCORE", _zset, _score_bound, _score_bound),
    row(1, "ZREMRANGEBYLEX", _lex, _lex_bound, _lex_bound),
    row(3, "ZPOPMIN", _zset, maybe(0.4, small_count)),
    row(3, "ZPOPMAX", _zset, maybe(0.4, small_count)),
    row(2, "ZMPOP", keys_counted("zset"), _extreme, _counted),
    row(1, "BZPOPMIN", repeat(1, 3, _zset), short_timeout),
    row(1, "BZPOPMAX", repeat(1, 3, _zset), short_timeout),
    row(1, "BZMPOP", short_timeout, keys_counted("zset"), _extreme, _counted),
    row(3, "ZUNION", _weighted(_with_scores)),
    row(3, "ZINTER", _weighted(_with_scores)),
    row(3, "ZDIFF", keys_counted("zset"), _with_scores),
    row(2, "ZUNIONSTORE", _zset, _weighted(group())),
    row(2, "ZINTERSTORE", _zset, _weighted(group())),
    row(2, "ZDIFFSTORE", _zset, keys_counted("zset")),
    row(3, "ZINTERCARD", keys_counted("zset"), maybe(0.5, _option("LIMIT", small_count))),
    row(2, "ZRANDMEMBER", _zset, maybe(0.6, small_count, _with_scores)),
    row(1, "ZSCAN", _zset, word("x", "abc"), one_of(group(), _option("COUNT", small_count))),
    row(1, "@ZSCAN", _zset),
    row(0.3, "CONFIG SET", word("zset-max-listpack-entries"), word("128", "0", "8", "32")),
    row(0.2, "CONFIG SET", word("zset-max-listpack-value"), word("64", "0", "4", "10")),
]  # fmt: skip


def _forbidden(args):
    if args[0] == b"CONFIG":
        return forbidden_settings(args)
    if args[0] == b"ZSCAN" and goes_through_a_table(args):
        return True
    if args[0] == b"ZRANDMEMBER" and draws_for_ever(args):
        return True
    lexical = len(args) > 1 and args[1].startswith(b"lex")
    if args[0] == b"ZADD" and lexical:
        return len(args) % 2 == 1 or any(score != b"0" for score in args[2::2])
    if not lexical and (args[0].endswith(b"BYLEX") or args[0] == b"ZLEXCOUNT"):
        return True
    if b"BYLEX" in [word.upper() for word in args]:
        return not lexical and not (args[0] == b"ZRANGESTORE" and args[2].startswith(b"lex"))
    if args[0] == b"@ZSCAN":
        return len(args) != 2
    if args[0] in (b"ZRANK", b"ZREVRANK"):
        return len(args) > 3  # WITHSCORE came with Redis 7.2
    if args[0] == b"BZMPOP":
        return len(args) > 1 and waits_too_long(args[1])
    return args[0] in (b"BZPOPMIN", b"BZPOPMAX") and waits_too_long(args[-1])


FAMILY = Family("sorted_sets", ROWS, _forbidden, requires=("ZADD", "ZINTERCARD"))
