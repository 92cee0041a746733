"""Two servers that are sent the same bytes of memcached's protocol, and how their answers compare.

A batch of requests goes over a connection of its own, which we then close for writing: a server
answers what it has and closes. So the answers are complete whatever the requests were, and whether
an error left the connection in step shows in what the rest of the batch got. Only ours gets bytes
in pieces: memcached loses answers when an item's data come late behind some errors.
"""

import re
import select
import socket
import time
from typing import NamedTuple

from memcached_deviations import same_answer, same_line
from memcached_grammar import ALL_KEYS, ENCODED, VIVIFIED
from support.memcached import HOST

SILENCE_S = 10.0
UNKNOWN_CAS = b"987654321987654321"
_GIVEN_CAS = b"<<E>>"
# Above what servers make up, and small enough for clients that count in doubles.
_FIRST_GIVEN_CAS = 5 * 10**15
_REFERENCE = re.compile(rb"<<([^:<>]*):(\d)>>")


class Difference(Exception):
    """What two servers said about the same bytes."""

    def __init__(self, ours, theirs):
        super().__init__()
        self.ours, self.theirs = ours, theirs


class Outcome(NamedTuple):
    lines: list  # of Line
    closed: bool


class Line(NamedTuple):
    """One line of an answer, CAS numbers named by their first appearance; data that followed it."""

    words: tuple
    data: bytes


def exchange(port, pieces):
    """All that the server says to the pieces before it closes, and whether it does close."""
    answer = []
    with socket.create_connection((HOST, port), timeout=SILENCE_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLOUT)
        pending = list(reversed(pieces))
        left = memoryview(b"")
        writing = True
        while True:
            events = poll.poll(SILENCE_S * 1000)
            if not events:
                return b"".join(answer), False
            if events[0][1] & ~select.POLLOUT:
                try:
                    data = sock.recv(1 << 18)
                except OSError:
                    data = b""
                if not data:
                    return b"".join(answer), True
                answer.append(data)
            if writing and events[0][1] & select.POLLOUT:
                try:
                    if left:
                        left = left[sock.send(left) :]
                    elif pending:
                        if len(pending) < len(pieces):
                            time.sleep(0.0005)  # Let it see a part of the request.
                        left = memoryview(pending.pop())
                    else:
                        sock.shutdown(socket.SHUT_WR)
                        writing = False
                except BlockingIOError:
                    pass
                except OSError:  # It closed; what it said is still to be read.
                    writing = False
                if not writing:
                    poll.modify(sock, select.POLLIN)


class Side:
    """One server of the pair, and what it has told of CAS numbers."""

    ending = b"mn\r\n"  # What is sent until no announced data are missing.

    def __init__(self, server):
        self.server = server
        self._given = _FIRST_GIVEN_CAS
        self.forget()

    def forget(self):
        self._names = {b"0": b"0", b"": b""}  # CAS -> its name
        self._known = {}  # key -> its CAS numbers

    def known(self, key):
        return self._known.get(key, ())

    def resolve(self, data):
        """The bytes with the CAS numbers that this server knows."""

        def number(match):
            known = self.known(match[1])
            back = int(match[2])
            # Of the same length on both sides, or wrong lengths would meet different bytes.
            return (known[-back] if back <= len(known) else UNKNOWN_CAS).zfill(20)

        data = _REFERENCE.sub(number, data)
        while _GIVEN_CAS in data:
            self._given += 1
            ours = b" E%d" % self._given if self.server.kind == "tarn" else b""
            data = data.replace(_GIVEN_CAS, ours, 1)
        return data

    def unresolved(self, data):
        """The bytes with a CAS number that nobody has."""
        return _REFERENCE.sub(UNKNOWN_CAS.zfill(20), data.replace(_GIVEN_CAS, b""))

    def run(self, data, cuts):
        data = self.resolve(data)
        ends = [int(len(data) * cut) for cut in cuts] + [len(data)]
        pieces = [data[start:end] for start, end in zip([0] + ends, ends) if start < end]
        answer, closed = exchange(self.server.memcached_port, pieces)
        return Outcome(list(self.lines(answer)), closed)

    def lines(self, answer):
        at = 0
        while at < len(answer):
            end = answer.find(b"\n", at)
            end = len(answer) if end < 0 else end + 1
            line, at = answer[at:end], end
            words = line.split(b" ")
            size = self._data_size(words)
            data = b""
            if size is not None:
                data = answer[at : at + size + 2]
                at += size + 2
            yield Line(tuple(self._named(words)), data)

    @staticmethod
    def _data_size(words):
        at = {b"VALUE": 3, b"VA": 1}.get(words[0])
        if at is None or len(words) <= at:
            return None
        size = words[at].strip()
        return int(size) if size.isdigit() else None

    def _named(self, words):
        if words[0] == b"VALUE" and len(words) == 5:
            cas = words[4].rstrip(b"\r\n")
            return words[:4] + [self.name(words[1], cas) + b"\r\n"]
        if words[0] == b"ME":
            return [
                b"cas=" + self.name(words[1], word[4:]) if word.startswith(b"cas=") else word
                for word in words
            ]
        if words[0] in (b"VA", b"HD", b"EX", b"NS", b"NF"):
            key = next((w[1:].rstrip(b"\r\n") for w in words[1:] if w.startswith(b"k")), b"")
            return [
                b"c" + self.name(key, word[1:].rstrip(b"\r\n")) + word[len(word.rstrip(b"\r\n")) :]
                if re.fullmatch(rb"c\d+(\r\n)?", word)
                else word
                for word in words
            ]
        return words

    def name(self, key, cas):
        known = self._known.setdefault(key, [])
        if cas != b"0" and cas not in known[-1:]:
            known.append(cas)
        return self._names.setdefault(cas, b"#%d" % len(self._names))


class Pair:
    """Ours and the oracle."""

    def __init__(self, ours, theirs, side=Side):
        self.sides = (side(ours), side(theirs))
        self.deviations = {}
        self.compared = 0

    def reset(self):
        """No items, known CAS numbers forgotten; a server that died is started again."""
        # A flush leaves items where they are until somebody asks for them.
        asked = b"".join(
            [b"mg %b\r\n" % key for key in ALL_KEYS]
            + [b"mg %b b\r\n" % key for key in ENCODED + VIVIFIED]
        )
        for side in self.sides:
            if not side.server.alive:
                side.server.kill()
                side.server.start()
            side.forget()
            exchange(side.server.memcached_port, [b"flush_all\r\n" + asked])

    def run(self, batch, cuts=()):
        """Sends a batch (requests) to both, to ours cut into pieces at these fractions.

        Raises Difference where the answers differ.
        """
        ending = self.sides[0].ending
        tail = ending * (max((r.missing for r in batch), default=0) // len(ending) + 2)
        if batch and batch[-1].alone:
            tail = b""
        data, shifted = b"", False
        for request in batch:
            # Behind missing data the bytes of requests are values, and must be the same.
            data += self.sides[0].unresolved(request.data) if shifted else request.data
            shifted = shifted or request.missing > 0
        data += tail
        ours, theirs = self.sides
        outcomes = self._outcome(ours, data, cuts), self._outcome(theirs, data, ())
        self.compared += len(batch)
        self._compare(*outcomes)

    @staticmethod
    def _outcome(side, data, cuts):
        try:
            return side.run(data, cuts)
        except OSError as error:
            return Outcome([Line((f"({error})".encode(),), b"")], True)

    def _compare(self, ours, theirs):
        if ours == theirs:
            return
        if ours.closed != theirs.closed:
            raise Difference(ours, theirs)
        reason = same_answer(ours.lines, theirs.lines)
        if reason:
            self.deviations[reason] = self.deviations.get(reason, 0) + 1
            return
        if len(ours.lines) != len(theirs.lines):
            raise Difference(ours, theirs)
        for left, right in zip(ours.lines, theirs.lines):
            reason = same_line(left, right)
            if reason is None:
                raise Difference(ours, theirs)
            if reason:
                self.deviations[reason] = self.deviations.get(reason, 0) + 1

    def compare_state(self):
        """Raises Difference unless both hold the same items."""
        plain = b"".join(b"mg %b s v f t k\r\n" % key for key in ALL_KEYS)
        encoded = b"".join(b"mg %b b s v f t k\r\n" % key for key in ENCODED)
        vivified = b"".join(b"mg %b b s v f t\r\n" % key for key in VIVIFIED)
        everything = plain + encoded + vivified
        self._compare(*(self._outcome(side, everything, ()) for side in self.sides))
