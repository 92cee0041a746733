"""Random commands from a table of rows.

A family (families/*.py) is a list of `row(weight, name, element...)`. An element appends arguments
to a command: it is a function `element(rng, out)`. Rows describe commands that are mostly well
formed; `Generator` then bends some of them (drops, repeats, swaps or replaces an argument), so that
every error path is visited too. Everything comes from one seeded random.Random: the same seed gives
the same commands on every machine, whatever the clock says.

Two kinds of commands are never produced, because two servers may rightly answer them differently:
deadlines so near that they pass during the run (`clock_sensitive`), and commands that would hurt
the harness (a family's `forbidden` predicates).
"""

import random

HOUR_MS = 3_600_000
YEAR_2100_S = 4_102_444_800

KEYS = (
    [b"k%d" % i for i in range(12)]
    + [b"n%d" % i for i in range(5)]
    + [b"", b"\x00\xff\r\n", b"a key", b"K0", b"{tag}1", b"{tag}2", b"long:" + b"x" * 120]
    + [kind + b"%d" % i for kind in (b"list", b"set", b"zset", b"hash") for i in range(4)]
)
KEY_SET = frozenset(KEYS)
_FIRST_NUMBER_KEY = 12

_INT64_MAX = (1 << 63) - 1
_EDGE_INTEGERS = [
    _INT64_MAX, _INT64_MAX - 1, -_INT64_MAX - 1, -_INT64_MAX, _INT64_MAX + 1, -_INT64_MAX - 2,
    1 << 64, (1 << 64) - 1, (1 << 31) - 1, 1 << 31, -(1 << 31), -(1 << 31) - 1, (1 << 32) - 1,
    1 << 32, 9_999, 10_000, 10_001, 10**18, 10**19, 10**20, 10**30, 0, -1, 1,
]  # fmt: skip
_ODD_NUMBERS = [
    b"", b" ", b"-", b"+", b"-0", b"+1", b" 1", b"1 ", b"01", b"-01", b"1.0", b"1.", b".5", b"-.5",
    b"1e5", b"1E5", b"1e", b"0x10", b"0x1p3", b"inf", b"-inf", b"+inf", b"Infinity", b"nan",
    b"-nan", b"NaN", b"1e400", b"-1e400", b"1e-400", b"3.0e3", b"0.1", b"1,5", b"5\x00", b"\x00",
    b"1\n", b"abc", b"1.7976931348623157e308", b"4.9e-324", b"123456789012345678901234567890",
    b"0.30000000000000004", b"9007199254740993", b"1e17", b"1e21", b"100000000000000000000.5",
    b"12345678901234567.25",
]  # fmt: skip
_FLOATS = [
    b"0.1", b"-0.1", b"1.5", b"3", b"-3", b"1e3", b"1e-3", b"2.5e10", b"0.000001", b"10.50",
    b"5.0e3", b"1e15", b"1e18", b"-1e18", b"123.456", b"0", b"-0.0", b"1e-17", b"9999999999999999",
]  # fmt: skip
_BAD_DEADLINES = [
    b"0", b"-1", b"abc", b"", b"1.5", b"9223372036854775807", b"-9223372036854775808",
    b"9223372036854775808", b"9223372036854775", b"-100000", b"+100000",
]  # fmt: skip
_NOISE = [
    b"", b"foo", b"-1", b"0", b"1", b"EX", b"NX", b"GET", b"*", b"\r\n", b"\xff\xfe", b"withvalues",
    b"10", *(b"%d" % number for number in _EDGE_INTEGERS[:6]), *_ODD_NUMBERS[:12],
]  # fmt: skip


# Elements -----------------------------------------------------------------------------------------


def word(*texts):
    """One of the texts, sometimes in odd case."""
    forms = []
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        forms += [data, data, data, data.lower(), data.capitalize(), data.swapcase()]

    def element(rng, out):
        out.append(forms[int(rng.random() * len(forms))])

    return element


def one_of(*elements):
    def element(rng, out):
        elements[int(rng.random() * len(elements))](rng, out)

    return element


def either(probability, first, second):
    def element(rng, out):
        (first if rng.random() < probability else second)(rng, out)

    return element


def maybe(probability, *elements):
    def element(rng, out):
        if rng.random() < probability:
            for each in elements:
                each(rng, out)

    return element


def group(*elements):
    def element(rng, out):
        for each in elements:
            each(rng, out)

    return element


def repeat(low, high, *elements):
    def element(rng, out):
        for _ in range(rng.randint(low, high)):
            for each in elements:
                each(rng, out)

    return element


def options(*choices):
    """None, one, or several of the choices, in random order and possibly twice."""

    def element(rng, out):
        dice = rng.random()
        count = 0 if dice < 0.3 else 1 if dice < 0.7 else 2 if dice < 0.93 else 3
        for _ in range(count):
            choices[int(rng.random() * len(choices))](rng, out)

    return element


def key(rng, out):
    # Squared, so that the first keys are met often and the strange ones now and then.
    dice = rng.random()
    out.append(KEYS[int(dice * dice * len(KEYS))])


def number_key(rng, out):
    """Mostly a key that is used for numbers."""
    dice = rng.random()
    out.append(
        KEYS[_FIRST_NUMBER_KEY + int(dice * 6.25)]
        if dice < 0.8
        else KEYS[int(rng.random() * len(KEYS))]
    )


def key_of(kind):
    """Mostly a key that is used for values of this kind: "list", "set", "zset" or "hash"."""
    names = [name for name in KEYS if name.startswith(kind.encode())]

    def element(rng, out):
        if rng.random() < 0.9:
            dice = rng.random()
            out.append(names[int(dice * dice * len(names))])
        else:
            key(rng, out)

    return element


def member(rng, out):
    """An element of a collection, from a range so small that they are met again."""
    dice = rng.random()
    if dice < 0.35:
        out.append(b"%d" % int(rng.random() * 40 - 10))
    elif dice < 0.75:
        out.append(b"m%d" % int(rng.random() * 40))
    elif dice < 0.8:
        out.append(b"%d" % int(rng.random() * 10**6 - 1000))
    elif dice < 0.84:
        edge_integer(rng, out)
    elif dice < 0.87:
        odd_number(rng, out)
    elif dice < 0.93:
        out.append(b"M" * (60 + int(rng.random() * 8)))
    else:
        value(rng, out)


def small_count(rng, out):
    """How many: mostly few, sometimes none, less than none, or no number."""
    dice = rng.random()
    if dice < 0.8:
        out.append(b"%d" % int(rng.random() * 12))
    elif dice < 0.88:
        out.append(b"%d" % -int(rng.random() * 12))
    elif dice < 0.94:
        out.append(b"1000")
    elif dice < 0.98:
        odd_number(rng, out)
    else:
        edge_integer(rng, out)


def keys_counted(kind, low=1, high=3):
    """numkeys and as many keys; sometimes the number is another one."""
    element_key = key_of(kind)

    def element(rng, out):
        count = rng.randint(low, high)
        dice = rng.random()
        out.append(b"%d" % count if dice < 0.95 else rng.choice([b"0", b"-1", b"9", b"x", b"1"]))
        for _ in range(count):
            element_key(rng, out)

    return element


def short_timeout(rng, out):
    out.append(rng.choice([b"0.001", b"0.002", b"0.01", b"-1", b"x", b"0.003", b"1e-3"]))


def draws_for_ever(args):
    """Does SRANDMEMBER or one of its kind ask for so many draws that the reply has no end?"""
    return len(args) > 2 and (as_integer(args[2]) or 0) < -10_000


def goes_through_a_table(args):
    """Can this be a scan? Each table has its own cursors and order; what is no cursor is an error."""
    return len(args) > 2 and not args[2][:1].isalpha()


def waits_too_long(data):
    """Would a blocking command with this timeout keep the run waiting?"""
    try:
        seconds = float(data)
    except ValueError:
        return False
    return not seconds < 0 and not 0 < seconds <= 0.05


def small_integer(rng, out):
    out.append(b"%d" % int(rng.random() * 220 - 20))


def edge_integer(rng, out):
    out.append(b"%d" % _EDGE_INTEGERS[int(rng.random() * len(_EDGE_INTEGERS))])


def odd_number(rng, out):
    out.append(_ODD_NUMBERS[int(rng.random() * len(_ODD_NUMBERS))])


def integer(rng, out):
    dice = rng.random()
    if dice < 0.75:
        out.append(b"%d" % int(rng.random() * 2000 - 500))
    elif dice < 0.9:
        edge_integer(rng, out)
    else:
        odd_number(rng, out)


def floating(rng, out):
    dice = rng.random()
    if dice < 0.45:
        out.append(_FLOATS[int(rng.random() * len(_FLOATS))])
    elif dice < 0.8:
        out.append(b"%.*f" % (int(rng.random() * 12), rng.uniform(-1000, 1000)))
    elif dice < 0.92:
        odd_number(rng, out)
    else:
        edge_integer(rng, out)


def index(rng, out):
    """A position in a short string: mostly near its ends."""
    dice = rng.random()
    if dice < 0.8:
        out.append(b"%d" % int(rng.random() * 80 - 40))
    elif dice < 0.9:
        out.append(b"%d" % int(rng.random() * 2000 - 1000))
    elif dice < 0.97:
        edge_integer(rng, out)
    else:
        odd_number(rng, out)


def _sizes(rng):
    dice = rng.random()
    if dice < 0.5:
        return int(rng.random() * 20)
    if dice < 0.7:
        return 40 + int(rng.random() * 8)
    if dice < 0.97:
        return int(rng.random() * 300)
    return int(rng.random() * 20_000)


def text(rng, out):
    size = _sizes(rng)
    dice = rng.random()
    if dice < 0.4:
        out.append((b"lorem ipsum dolor sit amet, %d " % int(dice * 1e6) * (size // 30 + 1))[:size])
    elif dice < 0.7:
        out.append(rng.randbytes(min(size, 700)))
    else:
        out.append(bytes((97 + int(dice * 260) % 26,)) * size)


def value(rng, out):
    dice = rng.random()
    if dice < 0.3:
        out.append(b"%d" % int(rng.random() * 20000 - 4000))
    elif dice < 0.36:
        edge_integer(rng, out)
    elif dice < 0.40:
        odd_number(rng, out)
    elif dice < 0.45:
        floating(rng, out)
    else:
        text(rng, out)


def far_seconds(rng, out):
    """A relative deadline of a day to three years; the range is wide, so no two nearly coincide."""
    out.append(b"%d" % int(100_000 + rng.random() * 10**8))


def far_milliseconds(rng, out):
    out.append(b"%d" % int(10**8 + rng.random() * 10**11))


def unix_seconds(rng, out):
    out.append(b"%d" % int(YEAR_2100_S + rng.random() * 10**8))


def unix_milliseconds(rng, out):
    out.append(b"%d" % int(YEAR_2100_S * 1000 + rng.random() * 10**11))


def bad_deadline(rng, out):
    out.append(_BAD_DEADLINES[int(rng.random() * len(_BAD_DEADLINES))])


def past_unix_seconds(rng, out):
    out.append(b"%d" % int(1 + rng.random() * 10**9))


def noise(rng, out):
    out.append(_NOISE[int(rng.random() * len(_NOISE))])


# Rows and the generator ---------------------------------------------------------------------------


def row(weight, name, *elements):
    """A command: its name (may be two words: "CONFIG GET") and what follows."""
    words = tuple(part.encode() for part in name.split(" "))
    return weight, words, elements


def never(_args):
    return False


class Family:
    """Rows, what of them must not be sent (`forbidden(args)`; args[0] is upper case there), the
    commands that the tested server must know for the family to be used, and what must not be sent
    by any family in an epoch in which this one takes part (`excludes(args)`)."""

    def __init__(self, name, rows, forbidden=never, requires=(), excludes=never):
        self.name = name
        self.rows = rows
        self.forbidden = forbidden
        self.requires = requires
        self.excludes = excludes


def taking_part(families, epoch):
    """Families that exclude others' commands leave every other pair of epochs to those."""
    modest = [family for family in families if family.excludes is never]
    return families if epoch // 2 % 2 == 0 or not modest else modest


def as_integer(data):
    """The number, or None where no server takes it for one."""
    try:
        plain = data.strip() == data and not data.startswith(b"+") and b"_" not in data
        return int(data) if plain else None
    except ValueError:
        return None


_DEADLINE_AT_2 = {b"SETEX": 1000, b"PSETEX": 1, b"EXPIRE": 1000, b"PEXPIRE": 1}


def _near(data, unit_ms):
    number = as_integer(data)
    return number is not None and 0 < number * unit_ms < HOUR_MS


def clock_sensitive(args):
    """Does the command set a deadline that would pass while the run lasts?

    SET with a deadline in the past counts too: redis-server stores the key and removes it whenever
    it comes by, and until then DBSIZE and DEBUG DIGEST count it (a scenario covers that case).
    """
    unit_ms = _DEADLINE_AT_2.get(args[0])
    if unit_ms:
        return len(args) > 2 and _near(args[2], unit_ms)
    if args[0] in (b"SET", b"GETEX"):
        for option, argument in zip(args[2:], args[3:]):
            unit_ms = {b"EX": 1000, b"PX": 1}.get(option.upper())
            if unit_ms and _near(argument, unit_ms):
                return True
            unit_ms = {b"EXAT": 1000, b"PXAT": 1}.get(option.upper())
            if (
                unit_ms
                and args[0] == b"SET"
                and 0 < (as_integer(argument) or 0) * unit_ms < YEAR_2100_S * 1000
            ):
                return True
    return False


def _drop(rng, args):
    if len(args) > 1:
        args.pop()


def _append(rng, args):
    noise(rng, args)


def _repeat(rng, args):
    if len(args) > 1:
        at = rng.randrange(1, len(args))
        args.insert(at, args[at])


def _replace(rng, args):
    if len(args) > 1:
        args[rng.randrange(1, len(args))] = _NOISE[int(rng.random() * len(_NOISE))]


def _swap(rng, args):
    if len(args) > 2:
        at = rng.randrange(1, len(args) - 1)
        args[at], args[at + 1] = args[at + 1], args[at]


def _truncate(rng, args):
    del args[rng.randrange(1, len(args) + 1) :]


_BENDS = [_drop, _append, _repeat, _replace, _replace, _swap, _truncate]


class Generator:
    def __init__(self, families, seed, bend=0.06):
        self.rng = random.Random(seed)
        self.bend = bend
        self.excluded = [family.excludes for family in families if family.excludes is not never]
        self.rows = []
        self.cumulative = []
        total = 0.0
        for family in families:
            for weight, words, elements in family.rows:
                total += weight
                self.rows.append((words, elements, family.forbidden))
                self.cumulative.append(total)

    def next(self):
        """A command as a list of bytes."""
        rng = self.rng
        while True:
            ((words, elements, forbidden),) = rng.choices(self.rows, cum_weights=self.cumulative)
            args = list(words)
            for element in elements:
                element(rng, args)
            if rng.random() < self.bend:
                _BENDS[int(rng.random() * len(_BENDS))](rng, args)
            name = args[0]
            args[0] = name.upper()
            if clock_sensitive(args) or forbidden(args):
                continue
            if any(excludes(args) for excludes in self.excluded):
                continue
            if rng.random() < 0.1 and not name.startswith(b"@"):
                name = name.lower()
            args[0] = name
            return args
