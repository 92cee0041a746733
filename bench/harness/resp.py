"""A minimal RESP2 client for the benchmarks' own errands (nothing here is timed in bulk)."""

import socket
import time


class ReplyError(Exception):
    """An error reply."""


class Client:
    def __init__(self, port, timeout_s=120.0):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb", buffering=1 << 16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stream.close()
        self._socket.close()

    def send(self, *arguments):
        encoded = [b"*%d\r\n" % len(arguments)]
        for argument in arguments:
            data = argument if isinstance(argument, bytes) else str(argument).encode()
            encoded += [b"$%d\r\n" % len(data), data, b"\r\n"]
        self._socket.sendall(b"".join(encoded))

    def call(self, *arguments):
        self.send(*arguments)
        return self.read()

    def read(self):
        line = self._stream.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ReplyError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self._stream.read(size + 2)[:-2]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP2: {line!r}")


class Arrivals:
    """Messages pushed to a subscriber, each with the time at which its last byte was received.

    Bytes are only stamped as they arrive; they are taken apart afterwards, so that reading a burst
    costs the same time whatever is in it.
    """

    def __init__(self, port, channel):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        name = channel.encode()
        self._socket.sendall(b"*2\r\n$9\r\nSUBSCRIBE\r\n$%d\r\n%s\r\n" % (len(name), name))
        self._socket.recv(4096)
        self._socket.setblocking(False)
        self._mark = b"\r\n" + name + b"\r\n"
        self._chunks = []

    def close(self):
        self._socket.close()

    def poll(self):
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return
        if data:
            self._chunks.append((time.time(), data))

    def times(self):
        """When each message's channel name had arrived, in order."""
        out, tail = [], b""
        for at, data in self._chunks:
            tail += data
            count = tail.count(self._mark)
            out += [at] * count
            tail = tail[-(len(self._mark) - 1):]
        return out
