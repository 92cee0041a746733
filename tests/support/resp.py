"""The Redis protocol (RESP2 and RESP3) from the client's side.

A reply keeps its type: `Reply(kind, value)`, where `kind` is the type byte of the protocol.

    '+' '-' '$' '(' ','   bytes (a double stays the text that the server sent)
    '='                   bytes, with the three-letter format and its colon in front
    ':'                   int
    '#'                   bool
    '_'                   None
    '*' '~' '>'           list of Reply
    '%' '|'               list of (Reply, Reply), in the order of the wire

The two nulls of RESP2 are Reply('$', None) and Reply('*', None). So two replies are equal exactly
if their bytes are (up to the spelling of numbers), and tests can tell a nil array from a nil bulk.
"""

import socket
import time
from typing import NamedTuple


class Reply(NamedTuple):
    kind: str
    value: object

    @property
    def is_error(self):
        return self.kind == "-"


class ReplyError(Exception):
    """An error reply, raised by Client.do()."""


class ConnectionClosed(Exception):
    """The server closed the connection where a reply was due."""


class ProtocolError(Exception):
    """The server sent what is not RESP."""


class _Incomplete(Exception):
    def __init__(self, need):
        super().__init__()
        self.need = need  # size that the buffer must reach before parsing again can succeed


def encode(args):
    """One command as the array of bulk strings that clients send."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        if not isinstance(arg, (bytes, bytearray)):
            arg = str(arg).encode("utf-8", "surrogateescape")
        parts.append(b"$%d\r\n%b\r\n" % (len(arg), arg))
    return b"".join(parts)


class Parser:
    """Bytes in, replies out: `next` returns None until a whole reply has been fed."""

    def __init__(self):
        self._buffer = bytearray()
        self._pos = 0
        self._need = 0

    def feed(self, data):
        if self._pos and self._pos == len(self._buffer):
            self._buffer.clear()
            self._pos = 0
        elif self._pos > 1 << 20:
            del self._buffer[: self._pos]
            self._need = max(0, self._need - self._pos)
            self._pos = 0
        self._buffer += data

    @property
    def pending(self):
        """Bytes received and not yet part of a returned reply."""
        return bytes(self._buffer[self._pos :])

    def next(self):
        if len(self._buffer) < self._need or self._pos == len(self._buffer):
            return None
        try:
            reply, self._pos = self._parse(self._pos)
        except _Incomplete as incomplete:
            self._need = incomplete.need
            return None
        self._need = 0
        return reply

    def _parse(self, pos):
        buf = self._buffer
        end = buf.find(b"\r\n", pos)
        if end < 0:
            raise _Incomplete(len(buf) + 1)
        kind = chr(buf[pos])
        line = bytes(buf[pos + 1 : end])
        pos = end + 2
        if kind == "$" or kind == "=":
            size = int(line)
            if size < 0:
                return Reply(kind, None), pos
            if len(buf) < pos + size + 2:
                raise _Incomplete(pos + size + 2)
            if buf[pos + size : pos + size + 2] != b"\r\n":
                raise ProtocolError(f"no CRLF after a bulk of {size} bytes")
            return Reply(kind, bytes(buf[pos : pos + size])), pos + size + 2
        if kind == ":":
            return Reply(kind, int(line)), pos
        if kind in "+-,(":
            return Reply(kind, line), pos
        if kind in "*~>":
            return self._parse_list(kind, int(line), pos)
        if kind in "%|":
            return self._parse_pairs(kind, int(line), pos)
        if kind == "#":
            return Reply(kind, line == b"t"), pos
        if kind == "_":
            return Reply(kind, None), pos
        raise ProtocolError(f"reply type {kind!r}: {line[:60]!r}")

    def _parse_list(self, kind, size, pos):
        if size < 0:
            return Reply(kind, None), pos
        items = []
        for _ in range(size):
            item, pos = self._parse(pos)
            items.append(item)
        return Reply(kind, items), pos

    def _parse_pairs(self, kind, size, pos):
        pairs = []
        for _ in range(size):
            key, pos = self._parse(pos)
            value, pos = self._parse(pos)
            pairs.append((key, value))
        return Reply(kind, pairs), pos


def plain(reply):
    """The reply as a Python value without its type: bytes, int, float, None, list, dict."""
    kind, value = reply
    if value is None:
        return None
    if kind in "*~>":
        return [plain(item) for item in value]
    if kind in "%|":
        return {plain(key): plain(item) for key, item in value}
    if kind == ",":
        return float(value)
    if kind == "(":
        return int(value)
    if kind == "=":
        return value[4:]
    if kind == "-":
        return ReplyError(value.decode("utf-8", "replace"))
    return value


class Client:
    """One connection: to a port of 127.0.0.1, a (host, port) pair, or a unix socket's path."""

    def __init__(self, address, resp=2, timeout=20.0):
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(timeout)
            self.sock.connect(address)
        else:
            host_port = ("127.0.0.1", address) if isinstance(address, int) else address
            self.sock = socket.create_connection(host_port, timeout=timeout)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parser = Parser()
        self.pushes = []  # push messages that arrived while a reply was awaited
        if resp != 2:
            self.do("HELLO", str(resp))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def abort(self):
        """Closes with a reset instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.close()

    def send(self, *args):
        self.sock.sendall(encode(args))

    def send_raw(self, data):
        self.sock.sendall(data)

    def read(self):
        """The next message, a push included. Raises ConnectionClosed, or TimeoutError."""
        while True:
            reply = self.parser.next()
            if reply is not None:
                return reply
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                raise ConnectionClosed(f"unparsed: {self.parser.pending[:200]!r}")
            self.parser.feed(data)

    def read_reply(self):
        """The next reply; pushes on the way are kept in `pushes`, attributes are dropped."""
        while True:
            reply = self.read()
            if reply.kind == ">":
                self.pushes.append(reply)
            elif reply.kind != "|":
                return reply

    def call(self, *args):
        self.send(*args)
        return self.read_reply()

    def do(self, *args):
        """Like call, as a plain value; an error reply is raised as ReplyError."""
        value = plain(self.call(*args))
        if isinstance(value, ReplyError):
            raise value
        return value

    def pipeline(self, commands):
        """Sends all at once and returns their replies as plain values (errors as values)."""
        commands = list(commands)
        self.sock.sendall(b"".join(map(encode, commands)))
        return [plain(self.read_reply()) for _ in commands]

    def read_until_close(self, timeout=5.0):
        """The bytes that arrive until the server closes, and whether it did within the timeout."""
        data = bytearray(self.parser.pending)
        deadline = time.monotonic() + timeout
        while True:
            self.sock.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                chunk = self.sock.recv(1 << 20)
            except TimeoutError:
                return bytes(data), False
            except ConnectionResetError:
                return bytes(data), True
            if not chunk:
                return bytes(data), True
            data += chunk
            if time.monotonic() >= deadline:
                return bytes(data), False
