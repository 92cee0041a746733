#!/usr/bin/env python3
"""Broken connections of memcached's clients: thousands of them leave nothing behind.

`--oracle` does the same to memcached itself.
"""

import os
import random
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import ORACLE, check, equal, expect, main  # noqa: E402
from support.memcached import memcached_server  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402

COUNT = scaled(10_000, 1_000)
WARM_UP = COUNT // 5
# Under sanitizers, freed memory is kept for a while to catch its use.
RESIDENT_BOUND = 4 << 20 if not scaled(0, 1) else 64 << 20
USED_BOUND = 128 << 10


def binary(opcode, key=b"", extras=b"", value=b"", body=None):
    body = len(extras) + len(key) + len(value) if body is None else body
    header = struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, body, 7, 0)
    return header + extras + key + value


def cases(rng):
    """What a broken peer may have sent before it went: halves, garbage, floods."""
    whole = b"set k 1 0 5\r\nvalue\r\nget k\r\nmg k v\r\n"
    large = b"set large 0 0 900000\r\n"
    return [
        b"",
        whole[: rng.randrange(len(whole))],
        b"get " + b"k " * 200,
        b"get " + b"k" * rng.randrange(5000),
        large,
        large + b"v" * rng.randrange(100_000),
        b"ms large 900000 T0\r\n" + b"v" * rng.randrange(50_000),
        b"set huge 0 0 2000000\r\n" + b"v" * rng.randrange(50_000),
        b"set k 0 0 2147483647\r\nxx",
        b"set k 0 0 -5\r\nxx\r\nget k",
        b"x" * rng.choice((10, 2000, 3000, 40_000)),
        rng.randbytes(rng.randrange(1, 500)),
        b"\x80" + rng.randbytes(rng.randrange(60)),
        binary(0x01, b"k", struct.pack(">II", 1, 0), b"value")[: rng.randrange(38)],
        binary(0x01, b"k", struct.pack(">II", 1, 0), b"v", body=0xFFFFFFF0),
        binary(0x00, b"k" * 251),
        binary(0x0C, b"k", body=0),
        binary(0x20) + binary(0x21, b"PLAIN", value=b"\0user\0pass"),
        binary(0x00, b"k") * 50,
        b"set k 0 0 5\r\nvalue\r\n" + b"get k k k k k k k k\r\n" * 200,  # Answers nobody reads.
        b"set k 0 0 50000\r\n" + b"v" * 50000 + b"\r\n" + b"get k\r\n" * 30,
        b"mg k v k t O" + b"o" * 40 + b"\r\n",
        b"quit\r\nget k\r\n",
        b"flush_all\r\nverbosity 0\r\nversion",
    ]


def break_connections(server, rng, count):
    for _ in range(count):
        client = server.memcached()
        try:
            client.send(rng.choice(cases(rng)))
            if rng.random() < 0.2:
                client.sock.settimeout(0.001)
                client.sock.recv(1000)
        except OSError:
            pass
        rng.choice((client.close, client.abort))()


def resident(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) << 10


def used(server):
    with server.client() as redis:
        return int(re.search(rb"used_memory:(\d+)", redis.do("INFO", "memory"))[1])


def connections(client):
    return int(client.stats()[b"curr_connections"])


def settled(server, client, before):
    """Waits until all are gone; the items, too, so that only what was left behind counts."""
    expect(
        wait_until(lambda: connections(client) <= before, timeout=30),
        lambda: f"{connections(client) - before} connections are left",
    )
    equal(client.ask(b"delete large\r\n")[-2:], b"\r\n")
    equal(client.ask(b"flush_all\r\n"), b"OK\r\n")


@check(f"{COUNT} broken connections leave no memory behind")
def broken():
    rng = random.Random(5)
    kind = "memcached" if ORACLE else "tarn"
    with memcached_server(kind) as server, server.memcached() as client:
        before = connections(client)
        break_connections(server, rng, WARM_UP)
        settled(server, client, before)
        resident_before = resident(server)
        used_before = 0 if ORACLE else used(server)
        break_connections(server, rng, COUNT)
        settled(server, client, before)
        equal(client.set(b"k", b"v"), b"STORED\r\n")
        equal(client.get(b"k"), b"v")
        # A connection that was closed before it was accepted may be served only now.
        if not ORACLE:
            expect(
                wait_until(lambda: used(server) - used_before <= USED_BOUND),
                lambda: f"used_memory grew by {used(server) - used_before} bytes",
            )
        expect(
            wait_until(lambda: resident(server) - resident_before <= RESIDENT_BOUND),
            lambda: f"the process grew by {(resident(server) - resident_before) >> 10} kB",
        )


@check("connections beyond the limit are told so in memcached's words, and closed")
def too_many():
    limit = "100"
    kind, args = ("memcached", ["-c", limit]) if ORACLE else ("tarn", ["--maxclients", limit])
    with memcached_server(kind, args) as server:
        clients = [server.memcached() for _ in range(int(limit) + 5)]
        # memcached keeps some of its connections for itself.
        for client in clients[-5:]:
            equal(client.line(), b"ERROR Too many open connections\r\n")
            equal(client.sock.recv(1), b"")
        equal(clients[0].ask(b"version\r\n")[:8], b"VERSION ")
        for client in clients:
            client.close()


if __name__ == "__main__":
    main()
