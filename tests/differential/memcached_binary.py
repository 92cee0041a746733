"""Random packets of memcached's binary protocol, right ones and wrong ones, and what answers say.

CAS numbers stay open as they do in text requests: the eight bytes `<<k0:1>>` in a header stand for
the number that the server gave out for k0 last. An answer tells by its opaque value whose it is.
"""

import re
import struct

from memcached_grammar import ITEM_LIMIT, KEYS, NUMBERS, TOO_LONG, Generator, Request
from memcached_pair import UNKNOWN_CAS, Line, Side

_HEADER = struct.Struct(">BBHBBH4sI8s")
_KEYS = KEYS + NUMBERS
_REFERENCE = re.compile(rb"<<([kn]\d):(\d)>>")

GET, SET, ADD, REPLACE, DELETE, INCREMENT, DECREMENT, QUIT, FLUSH = range(9)
NOOP, VERSION, APPEND, PREPEND, VERBOSITY, TOUCH = 0x0A, 0x0B, 0x0E, 0x0F, 0x1B, 0x1C
# The same without an answer (where that is what was expected), or with the key in the answer.
QUIET = {
    SET: 0x11, ADD: 0x12, REPLACE: 0x13, DELETE: 0x14, INCREMENT: 0x15, DECREMENT: 0x16,
    FLUSH: 0x18, APPEND: 0x19, PREPEND: 0x1A,
}  # fmt: skip
GETS = (GET, 0x09, 0x0C, 0x0D)
TOUCHING_GETS = (0x1D, 0x1E, 0x23, 0x24)
NOT_KNOWN = (0x1F, 0x25, 0x30, 0x3B, 0x40, 0x41, 0x60, 0xFF)


def packet(opcode, key=b"", extras=b"", value=b"", opaque=0, cas=bytes(8)):
    body = len(extras) + len(key) + len(value)
    return (
        _HEADER.pack(0x80, opcode, len(key), len(extras), 0, 0, struct.pack(">I", body), opaque, cas)
        + extras
        + key
        + value
    )


class BinaryGenerator(Generator):
    """Makes packets of what its parent puts into lines."""

    def next(self):
        self._mistaken = False
        if self.chance(0.001):
            return Request(packet(SET, self.key(), bytes(8), b"v" * (ITEM_LIMIT + 100)), alone=True)
        opcode, key, extras, value, cas = self.rng.choice(
            (self.storage, self.storage, self.storage, self.retrieval, self.retrieval,
             self.deletion, self.numbers, self.numbers, self.joining, self.touching, self.other)
        )()  # fmt: skip
        data = packet(opcode, key, extras, value, self.opaque_of(key), cas)
        return self.bent(data) if self.chance(0.03) else Request(data)

    def opaque_of(self, key):
        which = _KEYS.index(key) if key in _KEYS else 255
        return self.rng.randrange(1 << 16) << 8 | which

    def quiet(self, opcode):
        return QUIET[opcode] if self.chance(0.2) else opcode

    def seconds(self):
        return self.rng.choice((0, 0, 0, 0, 100, 1000, 100_000, 2_592_000, 2_592_001, 0xFFFFFFFF))

    def cas_field(self, key):
        if key not in _KEYS or self.chance(0.6):
            return bytes(8)
        if self.chance(0.05):
            return b"\xff" * 8
        return b"<<%b:%d>>" % (key, self.rng.choice((1, 1, 1, 2)))

    def storage(self):
        numeric = self.chance(0.3)
        key = self.number_key() if numeric else self.key()
        value = self.number_value() if numeric else self.value()
        opcode = self.quiet(self.rng.choice((SET, SET, ADD, REPLACE)))
        extras = struct.pack(">II", self.rng.choice((0, 1, 0xFFFFFFFF)), self.seconds())
        return opcode, key, extras, value, self.cas_field(key)

    def retrieval(self):
        key = self.key() if self.chance(0.8) else self.number_key()
        return self.rng.choice(GETS), key, b"", b"", bytes(8)

    def deletion(self):
        key = self.key() if self.chance(0.8) else self.number_key()
        return self.quiet(DELETE), key, b"", b"", self.cas_field(key)

    def numbers(self):
        key = self.number_key()
        extras = struct.pack(
            ">QQI", self.rng.choice((0, 1, 5, 100, (1 << 64) - 1)),
            self.rng.choice((0, 7, 1 << 63)), self.rng.choice((0, 1000, 0xFFFFFFFF, 0xFFFFFFFF)),
        )  # fmt: skip
        return self.quiet(self.rng.choice((INCREMENT, DECREMENT))), key, extras, b"", (
            self.cas_field(key)
        )  # fmt: skip

    def joining(self):
        key = self.key()
        return self.quiet(self.rng.choice((APPEND, PREPEND))), key, b"", self.value(), (
            self.cas_field(key)
        )  # fmt: skip

    def touching(self):
        key = self.key() if self.chance(0.8) else self.number_key()
        opcode = self.rng.choice((TOUCH, *TOUCHING_GETS))
        return opcode, key, struct.pack(">I", self.seconds()), b"", bytes(8)

    def other(self):
        return self.rng.choice((
            (NOOP, b"", b"", b"", bytes(8)), (VERSION, b"", b"", b"", bytes(8)),
            (VERBOSITY, b"", b"", b"", bytes(8)), (self.quiet(FLUSH), b"", b"", b"", bytes(8)),
            (self.quiet(FLUSH), b"", bytes(4), b"", bytes(8)),
            (self.rng.choice(NOT_KNOWN), b"", b"", b"", bytes(8)),
            (GET, b"a b\r\n\0", b"", b"", bytes(8)), (SET, b"a b\r\n\0", bytes(8), b"v", bytes(8)),
        ))  # fmt: skip

    def bent(self, data):
        """The packet with a header that does not fit it: lengths, types."""
        data = bytearray(data)
        at, size = self.rng.choice(((1, 1), (2, 2), (4, 1), (5, 1), (6, 2)))
        old = int.from_bytes(data[at : at + size], "big")
        new = self.rng.choice((0, 1, max(0, old - 1), old + 1, old + 8, 251, 300))
        data[at : at + size] = (new & ((1 << 8 * size) - 1)).to_bytes(size, "big")
        if data[1] in (0x10, 0x20):  # Statistics and mechanisms, which are each server's own.
            data[1] = NOT_KNOWN[0]
        if data[1] in (TOUCH, *TOUCHING_GETS):
            return Request(packet(NOOP))
        if data[1] in NOT_KNOWN or data[1] in (0x1B, 0x1F, 0x21, 0x22) or data[1] > 0x24:
            data[2:5] = bytes(3)
        return Request(bytes(data), 600)

    def watch(self, key):
        return Request(packet(self.rng.choice((GET, 0x0C)), key, opaque=self.opaque_of(key)))

    def guarded(self, key):
        cas = b"<<%b:%d>>" % (key, self.rng.choice((1, 1, 1, 2)))
        value = self.number_value() if key in NUMBERS else self.value()
        opcode, extras, value = self.rng.choice((
            (SET, bytes(8), value), (REPLACE, bytes(8), value), (DELETE, b"", b""),
            (APPEND, b"", b"7"),
        ))  # fmt: skip
        return Request(packet(opcode, key, extras, value, self.opaque_of(key), cas))


def hopeless_packets(rng):
    """What ends a connection, or may."""
    return rng.choice((
        packet(QUIT) + packet(NOOP),
        packet(GET, TOO_LONG[0]) + packet(NOOP),
        packet(GET) + packet(NOOP),
        packet(NOOP, b"k0") + packet(NOOP),
    ))  # fmt: skip


def _without_padding(line):
    """A number with fewer digits than before is padded, but not while memcached still has to send
    the item to somebody."""
    number = line.data.rstrip(b" \r\n")
    if not number.isdigit():
        return line
    return Line(tuple(word for word in line.words if word[:1] not in b"s0123456789"), number)


class BinarySide(Side):
    """A server of the pair that is spoken to in packets; state is still asked for in text."""

    ending = packet(NOOP, opaque=0xABCDEF00)

    def resolve(self, data):
        if data[:1] != b"\x80":
            return super().resolve(data)

        def number(match):
            known = self.known(match[1])
            back = int(match[2])
            return struct.pack(">Q", int(known[-back] if back <= len(known) else UNKNOWN_CAS))

        return _REFERENCE.sub(number, data)

    def unresolved(self, data):
        return _REFERENCE.sub(struct.pack(">Q", int(UNKNOWN_CAS)), data)

    def lines(self, answer):
        if answer[:1] != b"\x81":
            for line in super().lines(answer):
                yield _without_padding(line)
            return
        at = 0
        while at + _HEADER.size <= len(answer):
            magic, opcode, key_size, extras_size, kind, status, body, opaque, cas = (
                _HEADER.unpack_from(answer, at)
            )
            at += _HEADER.size
            end = at + int.from_bytes(body, "big")
            value = at + extras_size + key_size
            which = opaque & 255
            name = self.name(_KEYS[which] if which < len(_KEYS) else b"", b"%d" % int.from_bytes(cas))
            words = (
                b"magic=%02x op=%02x status=%04x type=%d" % (magic, opcode, status, kind),
                b"extras=%b" % answer[at : at + extras_size].hex().encode(),
                b"key=%b" % answer[at + extras_size : value],
                b"opaque=%x" % opaque,
                b"cas=%b" % name,
            )
            data = answer[value:end]
            yield _without_padding(Line(words, b"(a version)" if opcode == VERSION else data))
            at = end
        if at != len(answer):
            yield Line((b"(a cut packet)",), answer[at:])
