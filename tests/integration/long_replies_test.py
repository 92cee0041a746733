#!/usr/bin/env python3
"""Replies that are longer than what they are made of are made while they are read."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import ORACLE, check, equal, expect, main, server  # noqa: E402
from support.resp import ConnectionClosed  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402

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


def used_memory(client):
    info = client.do("INFO", "memory").decode()
    return int(next(line.split(":")[1] for line in info.splitlines()
                    if line.startswith("used_memory:")))


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


# ---- All of a large collection -------------------------------------------------------------------

LENGTH = 200
ELEMENTS = 80_000
WHOLE = {
    "set": ["SMEMBERS", "set"],
    "hash": ["HGETALL", "hash"],
    "list": ["LRANGE", "list", 0, -1],
    "zset": ["ZRANGE", "zset", 0, -1],
}


def long_member(n):
    return f"member{n}".ljust(LENGTH, ".")


def fill_long(client, keys=tuple(WHOLE)):
    """Collections whose replies take 16 MB, more than sockets hold."""
    elements = {
        "set": ("SADD", lambda n: (long_member(n),)),
        "hash": ("HSET", lambda n: (long_member(n), n)),
        "list": ("RPUSH", lambda n: (long_member(n),)),
        "zset": ("ZADD", lambda n: (n, long_member(n))),
    }
    for key in keys:
        command, element = elements[key]
        for start in range(0, ELEMENTS, 1000):
            numbers = range(start, start + 1000)
            client.do(command, key, *(word for n in numbers for word in element(n)))


def words_of(key, members=ELEMENTS):
    return 2 * members if key == "hash" else members


def expect_whole(reader, key, members=ELEMENTS):
    """Reads the elements of the reply that shows all that fill_long() made."""
    words = words_of(key, members)
    found = list(reader.elements(words))
    if key == "hash":
        equal({found[i]: found[i + 1] for i in range(0, words, 2)},
              {long_member(n).encode(): b"%d" % n for n in range(members)}, key)
        return
    expected = [long_member(n).encode() for n in range(members)]
    equal(sorted(found) if key == "set" else found,
          sorted(expected) if key == "set" else expected, key)


CHANGES = {
    "an element more": {
        "set": ["SADD", "set", "new"], "hash": ["HSET", "hash", "new", "value"],
        "list": ["LPUSH", "list", "new"], "zset": ["ZADD", "zset", -1, "new"]},
    "an element less": {
        "set": ["SPOP", "set"], "hash": ["HDEL", "hash", long_member(79_000)],
        "list": ["RPOP", "list"], "zset": ["ZPOPMAX", "zset"]},
    "another value": {
        "hash": ["HSET", "hash", long_member(79_000), "other"],
        "list": ["LSET", "list", -2, "other"], "zset": ["ZADD", "zset", 0, long_member(79_000)]},
    "a deadline of a field": {"hash": ["HPEXPIRE", "hash", 1, "FIELDS", 1, long_member(79_000)]},
    "no key": {key: ["DEL", key] for key in WHOLE},
    "another key": {key: ["RENAME", key, "other"] for key in WHOLE},
    "another type": {key: ["SET", key, "text"] for key in WHOLE},
    "a deadline": {key: ["PEXPIRE", key, 1] for key in WHOLE},
    "another database": {key: ["SWAPDB", 0, 1] for key in WHOLE},
    "no keys": {key: ["FLUSHALL"] for key in WHOLE},
}


@check("the reply of a whole collection shows the moment of its command, whatever happens then")
def whole_at_one_moment():
    for turn, (name, commands) in enumerate(CHANGES.items()):
        keys = list(commands)
        for key in scaled(keys, [keys[turn % len(keys)]]):
            change = commands[key]
            if "FIELDS" in change and ORACLE:
                continue
            with server() as one, one.client() as client, one.client() as other:
                fill_long(other, [key])
                client.send(*WHOLE[key])
                client.send("ECHO", "the end")
                reader = Reader(client)
                equal(reader.line(), b"*%d" % words_of(key))
                other.do(*change)
                time.sleep(0.01)
                other.do("EXISTS", key)
                expect_whole(reader, key)
                equal(list(reader.elements(1)), [b"the end"], name)


@check("the reply of a whole collection takes little memory, also when nobody reads it",
       ours_only=True)
def whole_takes_little():
    with server() as one, one.client() as filler:
        fill_long(filler)
        before = resident_bytes(one)
        clients = [one.client() for _ in range(8)]
        for n, client in enumerate(clients):
            client.send(*list(WHOLE.values())[n % len(WHOLE)])
        filler.do("PING")
        time.sleep(0.1)
        grown = resident_bytes(one) - before
        expect(grown < 8 * MIB, lambda: f"grew by {grown >> 20} MiB")
        for n, client in enumerate(clients):
            key = list(WHOLE)[n % len(WHOLE)]
            reader = Reader(client)
            equal(reader.line(), b"*%d" % words_of(key))
            expect_whole(reader, key)
            client.close()


@check("a transaction shows a collection before and after its own change")
def whole_within_transaction():
    with server() as one, one.client() as client:
        fill_long(client, ["set"])
        for words in (["MULTI"], ["SMEMBERS", "set"], ["SADD", "set", long_member(ELEMENTS)],
                      ["SMEMBERS", "set"], ["DEL", "set"]):
            client.do(*words)
        client.send("EXEC")
        reader = Reader(client)
        equal(reader.line(), b"*4")
        for members in (ELEMENTS, ELEMENTS + 1):
            equal(reader.line(), b"*%d" % members)
            expect_whole(reader, "set", members)
            equal(reader.line(), b":1")


@check("a deleted collection goes when those who read it are gone", ours_only=True)
def dead_collections():
    with server() as one, one.client() as other:
        empty = used_memory(other)
        fill_long(other)
        clients = [one.client() for _ in range(2 * len(WHOLE))]
        for n, client in enumerate(clients):
            client.send(*list(WHOLE.values())[n % len(WHOLE)])
        other.do("PING")
        other.do("DEL", *WHOLE)
        for client in clients:
            client.close()
        expect(wait_until(lambda: used_memory(other) < empty + 4 * MIB), "they are still there")


@check("a collection that lives on for a slow reader counts towards that reader's limit",
       ours_only=True)
def dead_collections_count():
    with server("--client-output-buffer-limit", f"normal {8 * MIB} 0 0") as one, \
            one.client() as other, one.client() as slow:
        fill_long(other, ["set"])
        slow.send("SMEMBERS", "set")
        other.do("PING")
        time.sleep(0.1)
        equal(other.do("CLIENT", "LIST").count(b"cmd=smembers"), 1)
        other.do("DEL", "set")
        expect(wait_until(lambda: other.do("CLIENT", "LIST").count(b"cmd=smembers") == 0),
               "the slow reader is still there")


if __name__ == "__main__":
    main()
