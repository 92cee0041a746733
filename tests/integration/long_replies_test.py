#!/usr/bin/env python3
"""Replies that are longer than what they are made of are made while they are read."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.resp import ConnectionClosed  # noqa: E402
from support.server import scaled  # noqa: E402

MIB = 1 << 20
MEMBERS = 20_000
ENDLESS = 1_000_000_000
COMMANDS = [
    ["SRANDMEMBER", "set"],
    ["HRANDFIELD", "hash"],
    ["HRANDFIELD", "hash", "WITHVALUES"],
    ["ZRANDMEMBER", "zset"],
    ["ZRANDMEMBER", "zset", "WITHSCORES"],
]


def fill(client):
    numbers = range(MEMBERS)
    client.do("SADD", "set", *(f"member{n}" for n in numbers))
    client.do("HSET", "hash", *(word for n in numbers for word in (f"member{n}", f"value{n}")))
    client.do("ZADD", "zset", *(word for n in numbers for word in (n, f"member{n}")))


def with_count(command, count):
    return [*command[:2], count, *command[2:]]


def resident_bytes(one):
    with open(f"/proc/{one.process.pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


class Reader:
    """Reads lines as they come, and keeps none."""

    def __init__(self, client):
        self.sock = client.sock
        self.buffer = b""
        self.read_bytes = 0

    def line(self):
        while b"\r\n" not in self.buffer:
            chunk = self.sock.recv(1 << 16)
            if not chunk:
                raise ConnectionClosed("within a reply")
            self.read_bytes += len(chunk)
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def elements(self, count):
        """So many bulk strings."""
        for _ in range(count):
            expect(self.line().startswith(b"$"), "no bulk string")
            yield self.line()

    def skip(self, size):
        goal = self.read_bytes + size
        while self.read_bytes < goal:
            chunk = self.sock.recv(1 << 20)
            if not chunk:
                raise ConnectionClosed("within a reply")
            self.read_bytes += len(chunk)


@check("a reply of billions of elements takes little memory, however it is read", ours_only=True)
def endless_replies():
    with server() as one, one.client() as modest:
        fill(modest)
        before = resident_bytes(one)
        for command in COMMANDS:
            with one.client() as client:
                client.send(*with_count(command, -ENDLESS))
                reader = Reader(client)
                per_element = 2 if len(command) > 2 else 1
                equal(reader.line(), b"*%d" % (per_element * ENDLESS), command)
                for element in reader.elements(1000):
                    expect(element[:1].isalnum(), f"not an element: {element!r}")
                # A reader that is fast, and one that stops.
                reader.skip(scaled(64 * MIB, 8 * MIB))
                equal(modest.do("PING"), b"PONG")
                time.sleep(0.1)
                grown = resident_bytes(one) - before
                expect(grown < 24 * MIB, lambda: f"{command}: grew by {grown >> 20} MiB")
            equal(modest.do("PING"), b"PONG")


@check("a long reply shows the moment of its command, and what follows it comes after it")
def one_moment():
    count = 25 * MEMBERS  # so that hardly any member is never picked
    with server() as one, one.client() as client, one.client() as other:
        fill(client)
        for command in COMMANDS[:2] + COMMANDS[3:4]:
            client.send(*with_count(command, -count))
            client.send("ECHO", "the end")
            reader = Reader(client)
            equal(reader.line(), b"*%d" % count)
            other.do("DEL", command[1])
            other.do("SET", command[1], "replaced")
            seen = set(reader.elements(count))
            equal(seen, {b"member%d" % n for n in range(MEMBERS)}, command)
            equal(list(reader.elements(1)), [b"the end"])


@check("a long reply within a transaction keeps its place")
def within_transaction():
    count = scaled(500_000, 50_000)
    with server() as one, one.client() as client:
        client.do("SADD", "set", "a", "b", "c")
        for words in (["MULTI"], ["SRANDMEMBER", "set", -count], ["SADD", "set", "d"]):
            client.do(*words)
        client.send("EXEC")
        reader = Reader(client)
        equal(reader.line(), b"*2")
        equal(reader.line(), b"*%d" % count)
        equal(set(reader.elements(count)), {b"a", b"b", b"c"})
        equal(reader.line(), b":1")


if __name__ == "__main__":
    main()
