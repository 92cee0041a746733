"""SORT over lists, sets and sorted sets."""

from grammar import Family, index, key, key_of, maybe, one_of, options, row, small_count, word

_source = one_of(key_of("list"), key_of("set"), key_of("zset"))
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
    """What BY leaves in the order of a table can be compared, but not what is cut out of it."""
    words = {word.upper() for word in args}
    return b"BY" in words and bool(words & {b"STORE", b"LIMIT"})


FAMILY = Family("sorting", ROWS, _forbidden, requires=("SORT", "SORT_RO"))
