"""Bitmaps: bits and bit fields of strings. Offsets stay small where they allocate, and reach past
the 512 MB edge where the answer is an error."""

from grammar import (
    Family, either, group, index, integer, key, maybe, one_of, options, repeat, row, small_integer,
    word,
)  # fmt: skip

_EDGES = [
    b"-1", b"4294967295", b"4294967296", b"4294967297", b"34359738368", b"9223372036854775807",
    b"abc", b"", b"1.5", b" 1",
]  # fmt: skip
_TYPES = b"u1 u2 u3 u4 u8 u16 u31 u32 u33 u62 u63 i1 i2 i5 i8 i16 i32 i63 i64 I8 U8".split()
_BAD_TYPES = [b"u64", b"i65", b"u0", b"i0", b"x8", b"u", b"", b"u-1", b"i8x", b"8"]
_BAD_BITS = [b"2", b"-1", b"x", b"01"]
_BAD_FIELD_OFFSETS = [
    b"-1", b"#-1", b"4294967296", b"#4294967296", b"#", b"abc", b"99999999999",
    b"9223372036854775807", b"#9223372036854775807", b"",
]  # fmt: skip


def _pick(rng, pool):
    return pool[int(rng.random() * len(pool))]


def _offset(rng, out):
    dice = rng.random()
    if dice < 0.9:
        out.append(b"%d" % int(rng.random() * 700))
    elif dice < 0.93:
        out.append(b"%d" % int(rng.random() * 40_000))
    else:
        out.append(_pick(rng, _EDGES))


def _write_offset(rng, out):
    _offset(rng, out)
    if out[-1] == b"4294967295":  # a valid bit, but it costs 512 MB
        out[-1] = b"4294967296"


def _bit(rng, out):
    dice = rng.random()
    out.append(b"0" if dice < 0.4 else b"1" if dice < 0.95 else _pick(rng, _BAD_BITS))


def _field_type(rng, out):
    out.append(_pick(rng, _TYPES if rng.random() < 0.96 else _BAD_TYPES))


def _field_offset(rng, out):
    dice = rng.random()
    if dice < 0.65:
        out.append(b"%d" % int(rng.random() * 300))
    elif dice < 0.95:
        out.append(b"#%d" % int(rng.random() * 40))
    else:
        out.append(_pick(rng, _BAD_FIELD_OFFSETS))


_get = group(word("GET"), _field_type, _field_offset)
_set = group(word("SET"), _field_type, _field_offset, integer)
_incrby = group(word("INCRBY"), _field_type, _field_offset, integer)
_overflow = group(word("OVERFLOW"), either(0.95, word("WRAP", "SAT", "FAIL"), word("FOO", "")))
_operation = one_of(_get, _set, _set, _incrby, _incrby, _overflow)
_unit = either(0.95, word("BYTE", "BIT"), word("BITS", ""))
_part = maybe(0.7, index, maybe(0.6, index, maybe(0.5, _unit)))
_odd_bitop = either(0.5, word("FOO", "NAND", ""), word("NOT", "AND"))

ROWS = [
    row(6, "SETBIT", key, _write_offset, _bit),
    row(5, "GETBIT", key, _offset),
    row(2, "BITCOUNT", key),
    row(4, "BITCOUNT", key, index, index, maybe(0.5, _unit)),
    row(5, "BITPOS", key, _bit, _part),
    row(4, "BITOP", word("AND", "OR", "XOR"), key, repeat(1, 4, key)),
    row(2, "BITOP", word("NOT"), key, key, maybe(0.1, key)),
    row(1, "BITOP", _odd_bitop, key, key),
    row(8, "BITFIELD", key, repeat(0, 4, _operation)),
    row(3, "BITFIELD_RO", key, repeat(0, 3, _get), maybe(0.1, one_of(_set, _overflow))),
    row(1, "BITFIELD", key, options(_overflow, _get, word("FOO"), small_integer)),
]


def _forbidden(args):
    # Bent arguments may make an offset of one of the edges.
    return args[0] in (b"SETBIT", b"BITFIELD") and any(
        arg.isdigit() and 1_000_000 < int(arg) < 1 << 32 for arg in args[2:4]
    )


FAMILY = Family("bitmaps", ROWS, _forbidden, requires=("SETBIT",))
