"""Servers that speak memcached's protocol, and the smallest client for it.

    with memcached_server("tarn") as server, server.memcached() as client:
        client.ask(b"set k 0 0 1\\r\\nv\\r\\n", 1)

Environment:
    MEMCACHED_SERVER    the oracle (default: memcached of the PATH, or what ./dev unpacked)
"""

import os
import pwd
import shutil
import socket
import subprocess
import time

from support.server import ROOT, Server, ServerFailure, free_port, tarn_binary

HOST = "127.0.0.1"


def memcached_binary():
    """The path of Debian's memcached, or None."""
    named = os.environ.get("MEMCACHED_SERVER") or shutil.which("memcached")
    unpacked = os.path.join(ROOT, "build", "tools", "memcached")
    return named or (unpacked if os.path.exists(unpacked) else None)


def fixed_addresses():
    """What starts a program so that its memory lies where it always does, if this may be done here.

    memcached reads beyond numbers from 2^63 on, up to the next zero byte, and refuses them where it
    meets a minus: with random addresses that is one time in ten.
    """
    line = ["setarch", "-R"]
    try:
        subprocess.run([*line, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return line


def tarn_speaks_memcached():
    """Whether the tested build has the option at all: one that has none refuses it at once."""
    try:
        with memcached_server("tarn"):
            return True
    except ServerFailure:
        return False


class MemcachedClient:
    """One connection. Requests and replies are bytes; nothing is encoded or parsed."""

    def __init__(self, address, timeout=20.0):
        self.sock = socket.create_connection(address, timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

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

    def send(self, data):
        self.sock.sendall(data)

    def ask(self, data, lines=1):
        """Sends the bytes and returns the next so many lines of the answer, as bytes."""
        self.sock.sendall(data)
        return b"".join(self.line() for _ in range(lines))

    def line(self):
        while (end := self._buffer.find(b"\n")) < 0:
            self._receive()
        return self.take(end + 1)

    def take(self, size):
        while len(self._buffer) < size:
            self._receive()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _receive(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise ConnectionError(f"closed after {bytes(self._buffer)!r}")
        self._buffer += data

    # What the tests say often.

    def set(self, key, value, flags=0, exptime=0):
        return self.ask(b"set %b %d %d %d\r\n%b\r\n" % (key, flags, exptime, len(value), value))

    def gets(self, key):
        """(value, flags, CAS), or None for a miss."""
        header = self.ask(b"gets %b\r\n" % key)
        if header == b"END\r\n":
            return None
        try:
            word, found, flags, size, cas = header.split()
        except ValueError:
            word = b""
        if word != b"VALUE" or found != key:
            raise AssertionError(f"gets {key!r}: {header!r}")
        value = self.take(int(size))
        end = self.take(len(b"\r\nEND\r\n"))
        if end != b"\r\nEND\r\n":
            raise AssertionError(f"gets {key!r} ends with {end!r}")
        return value, int(flags), int(cas)

    def get(self, key):
        found = self.gets(key)
        return found and found[0]

    def ttl(self, key):
        """Seconds, -1 for an item without an end, None for a miss."""
        words = self.ask(b"mg %b t\r\n" % key).split()
        return None if words == [b"EN"] else int(words[1][1:])

    def stats(self, which=b""):
        """{name: value} of `stats`, all bytes."""
        self.send(b"stats%b\r\n" % (which and b" " + which))
        found = {}
        while (line := self.line()) != b"END\r\n":
            if not line.startswith(b"STAT "):
                raise AssertionError(f"stats {which!r}: {line!r}")
            _, name, value = line.rstrip(b"\r\n").split(b" ", 2)
            found[name] = value
        return found


class _SpeaksMemcached(Server):
    memcached_port = None

    def memcached(self, timeout=20.0):
        return MemcachedClient((HOST, self.memcached_port), timeout)


class _Memcached(_SpeaksMemcached):
    """The oracle, or tarn-memcached: it has one port, and no options of Redis."""

    def binary(self):
        if self.kind == "tarn-memcached":
            return os.path.join(os.path.dirname(tarn_binary()), "tarn-memcached")
        path = memcached_binary()
        if path is None:
            raise ServerFailure("no memcached here: set MEMCACHED_SERVER")
        return path

    def command_line(self):
        line = fixed_addresses() if self.kind == "memcached" else []
        line += [self.binary(), "-l", HOST, "-p", str(self.port), "-U", "0", "-m", "1024", "-t", "1"]
        if os.geteuid() == 0:
            line += ["-u", pwd.getpwuid(0).pw_name]
        return line + self.args

    def start(self, timeout=20.0):
        self.launch()
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with self.memcached() as client:
                    client.send(b"\r\n")  # With SASL it would not even tell its version.
                    return self
            except OSError:
                time.sleep(0.02)
        self.kill()
        raise ServerFailure(f"{self.kind} did not start; log:\n{self.log_tail()}")


def memcached_server(kind="tarn", args=(), **options):
    """A Server (a context manager) with a `memcached_port`.

    The kind is "tarn", "memcached" or "tarn-memcached"; the latter two take memcached's options.
    """
    if kind != "tarn":
        server = _Memcached(kind, args, **options)
        server.memcached_port = server.port
        return server
    port = free_port()
    server = _SpeaksMemcached(kind, ["--memcached-port", str(port), *args], **options)
    server.memcached_port = port
    return server
