"""SORT over lists, sets and sorted sets."""

from grammar import Family, index, key, key_of, maybe, one_of, options, row, small_count, word

# Sorted sets whose scores are all 0: redis-server turns what it sorts into a skiplist, which keeps
# a score of -0 where a listpack has 0.
_source = one_of(key_of("list"), key_of("set"), word("lex0", "lex1"))
_pattern = word("k*", "hash0->m*", "hash0->*", "n*", "nosort", "*", "#", "hash*->m1", "x*->", "k*->f")


def _option(token, *arguments):
    name = word(token)

    def element(rng, out):
        name(rng, out)
        for argument in arguments:
            argument(rng, out)

    return element


_options = options(
    word("ALPHA"), word("ALPHA"), word("ASC"), word("DESC"), _option("LIMIT", index, small_count),
    _option("BY", _pattern), _option("GET", _pattern), _option("GET", _pattern),
)  # fmt: skip

ROWS = [
    row(3, "SORT", _source, _options),
    row(2, "SORT", _source, word("ALPHA"), _options),
    row(1, "SORT_RO", _source, word("ALPHA"), _options, maybe(0.1, word("STORE"), key)),
    row(2, "SORT", _source, word("ALPHA"), _options, word("STORE"), key_of("list")),
]


def _forbidden(args):
    """What BY and ALPHA leave in any order can be compared, but not what is cut out of it."""
    words = {word.upper() for word in args}
    if len(args) > 1 and args[1].startswith(b"zset"):
        return True
    if b"BY" in words:
        return bool(words & {b"STORE", b"LIMIT"})
    return b"ALPHA" in words and b"LIMIT" in words


FAMILY = Family("sorting", ROWS, _forbidden, requires=("SORT", "SORT_RO"))
