"""Random requests of memcached's text and meta commands, right ones and wrong ones.

A request is bytes as they go over the wire, with two things left open: `<<k0:2>>` stands for the
CAS number that the server reported for k0 the last time but one, which differs between servers; and
`<<E>>` for a flag E with a number of its own, which memcached 1.6.18 does not know and is not sent:
it makes up a number instead, and CAS numbers are compared by name.
"""

import base64
import time
from typing import NamedTuple

KEYS = [b"k%d" % i for i in range(6)]
NUMBERS = [b"n%d" % i for i in range(4)]
BINARY = [b"\x00\x01 \xff", b"a b", b"k\0", b"\r\n", b"~" * 180]
LONG = [b"L" * 250, b"\xc3\xa9\x7f\x01"]
TOO_LONG = [b"L" * 251, b"M" * 300]
ENCODED_NUMBER = base64.b64encode(b"\x01n")
ENCODED = [base64.b64encode(key) for key in BINARY] + [ENCODED_NUMBER]
# Items whose CAS number a client gives, the last of them a number.
GIVEN_CAS = [b"e0", b"e1", b"e2"]
ALL_KEYS = KEYS + NUMBERS + LONG + GIVEN_CAS
# Binary keys that are never asked for by k: memcached sends those of what N makes, and of what is
# appended to, as they are. The last has a number.
VIVIFIED = [base64.b64encode(key) for key in (b"\x02v", b"\xffv v", b"\x02n")]

# Deadlines are far from now and from each other, so that it does not matter when we look.
EXPTIMES = [b"0"] * 8 + [b"100", b"1000", b"100000", b"2592000", b"-1", b"-100", b"2592001"]
BAD_NUMBERS = [
    b"y", b"-", b"1y", b"+1000", b"0x10", b"1.5", b"", b"-1", b"00999", b"4294967295", b"4294967296",
    b"2147483648", b"9223372036854775808", b"18446744073709551615", b"18446744073709551616",
    b"99999999999999999999999",
]  # fmt: skip
# memcached takes the lower 32 bits of a time.
BAD_TIMES = [number for number in BAD_NUMBERS if len(number) != 10]
ITEM_LIMIT = 1 << 20


class Request(NamedTuple):
    data: bytes
    missing: int = 0  # how many bytes of the announced data are not there
    alone: bool = False  # what follows it on a connection would depend on packets


def _weighted(table):
    return [choice for choice, weight in table for _ in range(weight)]


def _has_wrong_key(line):
    return any(len(word) > 250 for word in line.split(b" "))


class Generator:
    def __init__(self, rng):
        self.rng = rng
        self._mistaken = False
        self.makers = _weighted([
            (self.storage, 22), (self.retrieval, 14), (self.touching, 8), (self.arithmetic, 10),
            (self.deletion, 6), (self.other, 5), (self.unknown, 3), (self.meta_get, 22),
            (self.meta_set, 22), (self.meta_delete, 9), (self.meta_arithmetic, 14),
            (self.meta_other, 4), (self.large, 2), (self.given_cas, 6), (self.vivified, 4),
        ])  # fmt: skip

    def next(self):
        self._mistaken = False
        if self.chance(0.0015):
            return self.too_large()
        return self.rng.choice(self.makers)()

    # --- Pieces ----------------------------------------------------------------------------------

    def chance(self, probability):
        return self.rng.random() < probability

    def mistake(self, probability):
        """Whether to make one: at most one a request, for which of two is told is nobody's promise."""
        if self._mistaken or not self.chance(probability):
            return False
        self._mistaken = True
        return True

    def key(self):
        if self.mistake(0.01):
            return self.rng.choice(TOO_LONG)
        return self.right_key()

    def right_key(self):
        return self.rng.choice(KEYS) if self.chance(0.97) else self.rng.choice(LONG)

    def number_key(self):
        """A key whose value is mostly a number.

        Arithmetic is for these alone, and they never hold what is nothing or blank: memcached looks
        for digits beyond the end of such an item.
        """
        return self.rng.choice(NUMBERS)

    def number_value(self):
        if self.chance(0.8):
            return b"%d" % self.rng.choice((0, 1, 9, 10, 99, 1000, 12345, (1 << 64) - 1, 1 << 63))
        # A zero byte would end the number for memcached.
        return self.rng.choice((b" 7", self.value().strip().replace(b"\0", b"z") or b"x"))

    def value(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.25:
            return b"%d" % rng.choice((0, 1, 9, 10, 99, 12345, (1 << 64) - 1, 1 << 63, 10**19))
        if kind < 0.7:
            return rng.choice((b"", b"a", b"value", b"get k0", b"\r\n", b"x y z", b"12 ", b"1.5",
                               b" 7", b"END\r\n", b"k1 0 0 1", b"18446744073709551616"))
        if kind < 0.97:
            return bytes(rng.choice(b"ab \r\n\x00\xff09") for _ in range(rng.randrange(60)))
        return rng.choice((b"v", b"\x80", b"7")) * rng.choice((100, 500, 1000))

    def exptime(self):
        if self.mistake(0.06):
            return self.rng.choice(BAD_TIMES)
        if self.chance(0.1):
            return b"%d" % (int(time.time()) + self.rng.choice((-1000, 1000, 100000)))
        return self.rng.choice(EXPTIMES)

    def flags(self):
        if self.mistake(0.06):
            return self.rng.choice(BAD_NUMBERS)
        return self.rng.choice((b"0", b"0", b"1", b"123", b"65535", b"4294967295"))

    def delta(self):
        if self.mistake(0.1):
            return self.rng.choice(BAD_NUMBERS)
        return self.rng.choice((b"0", b"1", b"5", b"10", b"100", b"18446744073709551615"))

    def cas(self, key):
        if self.mistake(0.1):
            return self.rng.choice((b"0", b"x", b"-1", b"18446744073709551615", b"1x",
                                    b"18446744073709551616"))
        return b"<<%b:%d>>" % (key, self.rng.choice((1, 1, 1, 1, 2, 3)))

    def meta_cas(self, key):
        cas = self.cas(key)
        return b"x" if cas == b"0" else cas

    def noreply(self):
        return b" noreply" if self.chance(0.12) else b""

    def line(self, line):
        """The line with its end, now and then spelled in another way."""
        if self.mistake(0.04):
            return self.broken(line) + b"\r\n"
        return line + (b"\n" if self.chance(0.03) else b"\r\n")

    def broken(self, line):
        words = line.split(b" ")
        at = self.rng.randrange(len(words))
        kind = self.rng.randrange(9)
        if kind in (0, 8) and b"<<" in line:
            kind = 4  # Numbers that differ between the servers must not become keys.
        if kind == 0 and at == 1 and b"b" in words:
            kind = 4  # Nor flags keys in base64: memcached passes over letters that are none of it.
        if kind == 0:
            del words[at]
        elif kind == 1 and len(words[0]) > 2:  # Of a meta command it would be two mistakes.
            words.insert(at, words[at])
        elif kind == 2:
            words.append(self.rng.choice((b"noreply", b"noreplyx", b"1")))
        elif kind == 3:
            words.insert(at, b"")  # two spaces, or one in front
        elif kind == 4:
            words.append(b"")
        elif kind == 5:
            words[0] = words[0].upper()
        elif kind == 6:
            return line.replace(b" ", b"\t", 1)
        elif kind == 7:
            words[at] = self.rng.choice(BAD_TIMES)
        else:
            del words[max(1, at) :]
        return b" ".join(words)

    def with_data(self, head, value, tail):
        """A line that announces data, and the data; sometimes they do not go together."""
        size = b"%d" % len(value)
        missing = 0
        end = b"\r\n"
        if self.mistake(0.06):
            kind = self.rng.randrange(5)
            if kind == 0:
                size = self.rng.choice((b"-1", b"x", b"", b"1x", b"-2147483648", b"2147483648",
                                        b"99999999999999999999", b"2147483647"))
            elif kind == 1:
                missing = self.rng.choice((1, 2, 3, 10, 60))
                size = b"%d" % (len(value) + missing)
            elif kind == 2:
                size = b"%d" % self.rng.randrange(len(value) + 1)
            elif kind == 3:
                end = self.rng.choice((b"\n", b"xx", b"\r\r\n"))
                missing = 2 - len(end)
            else:
                end = b"xx\r\n"
        line = self.line(b"%b %b%b" % (head, size, tail))
        if line.split() != (b"%b %b%b" % (head, size, tail)).split():
            # A number in the wrong place may be taken for a size.
            words = [word for word in line.replace(b"+", b"").split() if word.isdigit()]
            sizes = [int(word) for word in words if len(word) < 5]
            missing = max([missing] + [size - len(value) for size in sizes])
            if any(4 < len(word) < 11 for word in words):
                return Request(b"mn\r\n")  # It might announce more than we care to send.
        return Request(line + value + end, max(missing, 0))

    # --- Text commands ---------------------------------------------------------------------------

    def storage(self):
        verb = self.rng.choice((b"set", b"set", b"set", b"add", b"replace", b"append", b"prepend",
                                b"cas", b"cas"))
        numeric = self.chance(0.25)
        key = self.number_key() if numeric else self.key()
        tail = (b" " + self.cas(key) if verb == b"cas" else b"") + self.noreply()
        head = b"%b %b %b %b" % (verb, key, self.flags(), self.exptime())
        return self.with_data(head, self.number_value() if numeric else self.value(), tail)

    def retrieval(self):
        verb = self.rng.choice((b"get", b"gets"))
        kind = self.rng.random()
        count = 1 if kind < 0.6 else self.rng.randrange(2, 12)
        if kind > 0.97:  # More than fit a table of words, and more than a buffer of a few kB.
            count = self.rng.choice((23, 24, 25, 47, 48, 100, 600))
        line = b" ".join([verb, self.key()] + [self.right_key() for _ in range(1, count)])
        # A line over 2 kB that comes in pieces may end a connection.
        return Request(self.line(line), 0, count > 100 or _has_wrong_key(line))

    def touching(self):
        verb = self.rng.choice((b"touch", b"gat", b"gats"))
        key = self.key() if self.chance(0.8) else self.number_key()
        if verb == b"touch":
            return Request(self.line(b"touch %b %b%b" % (key, self.exptime(), self.noreply())))
        more = b"".join(b" " + self.right_key() for _ in range(self.rng.choice((0, 0, 1, 3, 22, 30))))
        line = b"%b %b %b%b" % (verb, self.exptime(), key, more)
        return Request(self.line(line), 0, _has_wrong_key(line))

    def arithmetic(self):
        verb = self.rng.choice((b"incr", b"decr"))
        return Request(self.line(
            b"%b %b %b%b" % (verb, self.number_key(), self.delta(), self.noreply())
        ))  # fmt: skip

    def deletion(self):
        key = self.key() if self.chance(0.8) else self.number_key()
        tail = b"" if self.chance(0.85) else b" " + self.rng.choice((b"0", b"5", b"x", b"0 noreply"))
        return Request(self.line(b"delete %b%b%b" % (key, tail, self.noreply())))

    def other(self):
        if self.chance(0.3):
            # No delays: one would bring back what an earlier flush took (memcached keeps but one).
            when = self.rng.choice((b"", b"", b" 0", b" x", b" 1x", b" 0 x"))
            return Request(b"flush_all%b%b\r\n" % (when, self.noreply()))
        return Request(self.line(self.rng.choice((
            b"version", b"version x", b"verbosity 0", b"verbosity 1 noreply", b"verbosity",
            b"verbosity x", b"verbosity 0 1", b"verbosity noreply", b"get", b"gets", b"get ",
            b"gat 0", b"gat", b"set", b"set k0", b"set k0 0 0", b"incr n0", b"decr", b"delete",
            b"touch k0", b"touch", b"cas k0 0 0 1", b"add k0 0 0 1 2 3 4",
        ))))  # fmt: skip

    def unknown(self):
        return Request(self.line(self.rng.choice((
            b"", b" ", b"x", b"foo bar", b"gett k0", b"GET k0", b"se", b"incrx n0 1", b"mx k0",
            b"getsx k0", b"noreply", b"\x00", b"\x01\x02", b"quitx", b"mgx k0", b"m", b"setx",
            b"shutdown", b"p" * 1000, b"\xff\xfe k0", b"versionx", b"flush", b"deletex k0",
        ))))  # fmt: skip

    def large(self):
        """Values larger than buffers. Nothing is wrong here: their data would be too long a line."""
        value = self.rng.choice((b"v", b"\x80", b"7")) * self.rng.choice((2047, 4096, 16384, 40000))
        verb = self.rng.choice((
            b"set %b 1 0 %d", b"set %b 1 0 %d noreply", b"add %b 0 0 %d", b"replace %b 0 1000 %d",
            b"append %b 0 0 %d", b"prepend %b 0 0 %d", b"ms %b %d c k", b"ms %b %d MA q",
        ))  # fmt: skip
        key = self.rng.choice(KEYS)
        more = self.rng.choice((b"get %b\r\n", b"mg %b s v\r\n")) % key
        return Request(verb % (key, len(value)) + b"\r\n" + value + b"\r\n" + more, 0, True)

    def too_large(self):
        """More than an item may hold, all of it sent; the old item must be gone then."""
        key = self.key()
        size = self.rng.choice((ITEM_LIMIT + 1, ITEM_LIMIT + 100))
        verb = self.rng.choice((b"set %b 0 0 %d", b"add %b 0 0 %d", b"ms %b %d", b"append %b 0 0 %d"))
        data = verb % (key, size) + b"\r\n" + b"v" * size + b"\r\nmg %b s f t\r\n" % key
        return Request(data, alone=True)

    # --- Meta commands ---------------------------------------------------------------------------

    def meta_key(self, numeric=False):
        """A key, and the flag that it needs."""
        if self.chance(0.12):
            return ENCODED_NUMBER if numeric else self.rng.choice(ENCODED[:-1]), [b"b"]
        if self.mistake(0.01):
            return self.rng.choice((b"!!!", b"abc", b"azA", b"====", b"a" * 248, b"YWJj" * 63)), [b"b"]
        return (self.number_key() if numeric else self.key()), []

    def meta_line(self, verb, head, flags):
        rng = self.rng
        if self.mistake(0.04):
            wrong = rng.choice((b"!", b"9", b"Bx", b"G", b"T", b"N", b"R", b"M", b"F", b"C",
                                     b"O", b"D", b"J", b"Tx", b"Nx", b"Rx", b"Fx", b"Cx", b"Dx",
                                     b"Jx", b"O" + b"o" * 33, b"Mx", b"F4294967296", b"-1"))
            if verb in (b"ma", b"mg") and wrong[:1] == b"O":
                wrong = b"!"  # memcached has read or changed the item before it sees that.
            # memcached may have made an item of N before it comes to the mistake.
            flags = [flag for flag in flags if flag[:1] not in (wrong[:1], b"N")] + [wrong]
        if flags and self.mistake(0.02):
            flags.append(rng.choice(flags))
        if self.chance(0.03):
            flags.append(rng.choice((b"Ppath", b"Lhint/", b"P", b"L")))
        rng.shuffle(flags)
        return b" ".join([verb, *head, *flags])

    def opaque(self):
        return b"O" + self.rng.choice((b"1", b"t5", b"abc", b"o" * 31))

    def some(self, letters, most):
        letters = [bytes([letter]) for letter in letters]
        return self.rng.sample(letters, self.rng.randrange(min(most, len(letters)) + 1))

    def common(self, flags):
        if self.chance(0.2):
            flags.append(self.opaque())
        if self.chance(0.1):
            flags.append(b"q")
        return flags

    def mode(self, letters):
        return b"x" if self.mistake(0.05) else bytes([self.rng.choice(letters)])

    def add_ttl(self, flags):
        """A T flag. What is stored for no time at all has no CAS and no future."""
        ttl = self.exptime()
        flags.append(b"T" + ttl)
        if ttl[:1] == b"-" or ttl == b"2592001" or ttl.isdigit() and 10**9 < int(ttl) < time.time():
            flags[:] = [flag for flag in flags if flag not in (b"c", b"t") and flag[:1] != b"R"]

    def meta_get(self):
        key, flags = self.meta_key()
        flags += self.common(self.some(b"cfhklstuv", 6))
        if self.chance(0.15):
            flags.append(b"R" + self.rng.choice((b"0", b"30", b"500", b"20000", b"2500000")))
        if self.chance(0.12) and not {b"b", b"t"}.intersection(flags):
            flags.append(b"N" + self.rng.choice((b"0", b"100", b"1000", b"100000")))
        elif self.chance(0.12):
            self.add_ttl(flags)
        return Request(self.line(self.meta_line(b"mg", [key], flags)))

    def meta_set(self):
        numeric = self.chance(0.2)
        key, flags = self.meta_key(numeric)
        flags += self.common(self.some(b"ckbI" if key in KEYS else b"ck", 2))
        if b"b" in flags and flags.count(b"b") == 1 and key not in ENCODED:
            flags.remove(b"b")
        if self.chance(0.3):
            flags.append(b"F" + self.flags())
        if self.chance(0.3):
            self.add_ttl(flags)
        if self.chance(0.35):
            flags.append(b"C" + self.meta_cas(key))
        if self.chance(0.45):
            # What is appended to loses the mark of a binary key.
            plain = not {b"b", b"I"}.intersection(flags)
            flags.append(b"M" + self.mode(b"EARPS" if plain else b"ERS"))
        head, _, tail = self.meta_line(b"ms", [key, b"#"], flags).partition(b" #")
        return self.with_data(head, self.number_value() if numeric else self.value(), tail)

    def meta_delete(self):
        key, flags = self.meta_key()
        flags += self.common(self.some(b"k", 1))
        if self.chance(0.5) and key not in NUMBERS:
            flags.append(b"I")
        if self.chance(0.3):
            flags.append(b"C" + self.meta_cas(key))
        if self.chance(0.25):
            self.add_ttl(flags)
        return Request(self.line(self.meta_line(b"md", [key], flags)))

    def meta_arithmetic(self):
        key, flags = self.number_key(), []
        flags += self.common(self.some(b"ctvk", 4))
        if self.chance(0.25):
            flags.append(b"J" + self.delta())
        if self.chance(0.4):
            flags.append(b"D" + self.delta())
        if self.chance(0.3) and not {b"b", b"t", b"q"}.intersection(flags):
            flags.append(b"N" + self.rng.choice((b"0", b"100", b"1000")))
        if self.chance(0.2):
            flags.append(b"C" + self.meta_cas(key))
        if self.chance(0.45):
            flags.append(b"M" + self.mode(b"ID+-"))
        return Request(self.line(self.meta_line(b"ma", [key], flags)))

    def given_cas(self):
        rng = self.rng
        key = rng.choice(GIVEN_CAS)
        tail = b"<<E>>"
        if self.chance(0.4):
            tail += b" C<<%b:%d>>" % (key, rng.choice((1, 1, 1, 2)))
        if key == GIVEN_CAS[-1]:
            change = rng.choice((b"ma %b c k v%b", b"ma %b N0 J7 k c%b", b"ma %b MD D3 c k%b",
                                 b"ms %b 1 k c%b\r\n9"))  # fmt: skip
        else:
            change = rng.choice((b"ms %b 3 c k%b\r\nabc", b"ms %b 3 MA k c%b\r\nabc",
                                 b"ms %b 3 k MP c%b\r\nabc", b"ms %b 3 ME c k%b\r\nabc",
                                 b"ms %b 3 MR c k F5%b\r\nabc", b"ms %b 0 q k%b\r\n",
                                 b"md %b k I T1000%b", b"md %b I%b", b"md %b q%b",
                                 b"mg %b c k N100 v%b"))  # fmt: skip
        seen = b"mg %b c k v f\r\n" % key if self.chance(0.5) else b""
        return Request(change % (key, tail) + b"\r\n" + seen)

    def vivified(self):
        rng = self.rng
        key = rng.choice(VIVIFIED)
        if key == VIVIFIED[-1]:
            return Request(rng.choice((
                b"ma %b b N0 J5 v\r\n", b"ma %b N100 b MD J18 c\r\n", b"ma %b b v\r\n", b"mg %b b v s\r\n",
                b"ms %b 2 b\r\n41\r\n", b"md %b b\r\n",
            )) % key)  # fmt: skip
        if self.chance(0.3):
            return Request(rng.choice((
                b"ms %b 2 b MA\r\nxy\r\n", b"ms %b 2 b MP c\r\nxy\r\n", b"ms %b 2 b F9\r\nxy\r\n",
                b"md %b b\r\n", b"md %b b I T1000\r\n",
            )) % key)  # fmt: skip
        flags = [b"b"] + self.some(b"cfhsuv", 4)
        if self.chance(0.7):
            flags.append(b"N" + rng.choice((b"0", b"100", b"1000", b"100000")))
        elif self.chance(0.3):
            flags.append(b"R500")
        rng.shuffle(flags)
        return Request(b" ".join([b"mg", key, *flags]) + b"\r\n")

    def meta_other(self):
        key, flags = self.meta_key()
        return Request(self.line(self.rng.choice((
            b"mn", b"mn x", b"me", b"mg", b"ms", b"md", b"ma", b"ms k0", b"mn q", b"mg q k0",
            b" ".join([b"me", key, *flags]), b" ".join([b"me", key, *flags]), b"me k0 x",
        ))))  # fmt: skip

    # --- What an epoch is made of ----------------------------------------------------------------

    def watch(self, key):
        """A request after which the CAS number of the key is known."""
        return Request(self.rng.choice((b"gets %b\r\n", b"mg %b c k\r\n", b"mg %b k c v q\r\n")) % key)

    def guarded(self, key):
        """A request that the CAS number of the key decides."""
        cas = b"<<%b:%d>>" % (key, self.rng.choice((1, 1, 1, 2)))
        value = self.number_value() if key in NUMBERS else self.value()
        if key not in NUMBERS and self.chance(0.4):
            return Request(self.rng.choice((
                b"ms %b %d C%b I T1000\r\n%b\r\n" % (key, len(value), cas, value),
                b"md %b C%b I T1000\r\n" % (key, cas),
            )))  # fmt: skip
        return Request(self.rng.choice((
            b"cas %b 7 0 %d %b\r\n%b\r\n" % (key, len(value), cas, value),
            b"ms %b %d C%b c k\r\n%b\r\n" % (key, len(value), cas, value),
            b"ms %b %d C%b MA\r\n%b\r\n" % (key, len(value), cas, value),
            b"md %b C%b q\r\n" % (key, cas),
            b"ma %b C%b v\r\n" % (key, cas) if key in NUMBERS else b"touch %b 1000\r\n" % key,
        )))  # fmt: skip


def hopeless(rng):
    """What ends a connection, or may: it has one for itself."""
    size = rng.choice((17_000, 40_000, 100_000))
    return rng.choice((
        b"x" * size,  # Nobody looks for the end of a line for ever.
        b"set " + b"k" * size + b" 0 0 1\r\n",
        b"mg " + b"k" * size,
        b" " * size,
        b"get " + b"k" * 300 + b" k0\r\n",
        b"get " + b" ".join([b"k1"] * (size // 3)) + b"\r\n",
        b"gets " + b" ".join([b"k2"] * (size // 3)) + b"\r\n",
        b"quit\r\nget k0\r\n",
        b"quit x\r\nget k0\r\n",
        b"get k0",
        b"set k0 0 0 5\r\nhal",
        b"set k0 0 0 5\r\n",
        b"ms k0 5 T0\r\nhalf\r",
        b"mn\r",
        b"mg k0 v",
    ))  # fmt: skip
