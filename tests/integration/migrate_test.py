#!/usr/bin/env python3
"""MIGRATE: between two servers of ours, to and from redis-server, and to targets that fail."""

import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import KIND, Skipped, check, equal, expect, main, server  # noqa: E402
from support.server import Server, free_port  # noqa: E402

DEBUG = ["--enable-debug-command", "yes"]
HOST = "127.0.0.1"

# A key of each type in each encoding that has a form of its own in a payload.
VALUES = {
    "string": ["SET", "string", "some text"],
    "empty": ["SET", "empty", ""],
    "integer": ["SET", "integer", -(2**63)],
    "compressible": ["SET", "compressible", "abc" * 20_000],
    "binary": ["SET", "binary", bytes(range(256))],
    "list": ["RPUSH", "list", "a", "-1", "70000", "x" * 100],
    "long-list": ["RPUSH", "long-list", *("item" * 50 for _ in range(500))],
    "integers": ["SADD", "integers", *range(-50, 50)],
    "small-set": ["SADD", "small-set", "a", "b", "3"],
    "large-set": ["SADD", "large-set", *(f"member:{n}" for n in range(700))],
    "small-hash": ["HSET", "small-hash", "f", "v", "n", "12"],
    "large-hash": ["HSET", "large-hash", *(f"{n}" for n in range(1400))],
    "small-zset": ["ZADD", "small-zset", "1", "a", "-1.5", "b", "inf", "c"],
    "large-zset": ["ZADD", "large-zset", *(f"{n}" for n in range(1400))],
}


def target_server(*args):
    return Server(KIND, list(args))


def migrate(client, target, key, *options, db=0, timeout=5000):
    port = target if isinstance(target, int) else target.port
    return client.call("MIGRATE", HOST, port, key, db, timeout, *options)


def says(reply, kind, text):
    equal((reply.kind, reply.value), (kind, text.encode()))


def carries(source_kind, target_kind):
    """Every type arrives as it was, with its time to live, and is gone where it came from."""
    with Server(source_kind, DEBUG) as one, Server(target_kind, DEBUG) as two:
        with one.client() as source, two.client() as target:
            for command in VALUES.values():
                source.do(*command)
            source.do("EXPIRE", "small-zset", 1000)
            wanted = source.do("DEBUG", "DIGEST-VALUE", *VALUES)
            for key in VALUES:
                says(migrate(source, two, key), "+", "OK")
                equal(source.do("EXISTS", key), 0, key)
            equal(target.do("DEBUG", "DIGEST-VALUE", *VALUES), wanted)
            expect(900_000 < target.do("PTTL", "small-zset") <= 1_000_000, "time to live lost")
            equal(target.do("PTTL", "small-hash"), -1)
            equal(source.do("DBSIZE"), 0)


@check("keys of all types go to another server of ours", ours_only=True)
def ours_to_ours():
    carries("tarn", "tarn")


@check("keys of all types go to redis-server", ours_only=True)
def ours_to_redis():
    carries("tarn", "redis")


@check("keys of all types come from redis-server", ours_only=True)
def redis_to_ours():
    carries("redis", "tarn")


@check("COPY leaves the key, REPLACE overwrites; without it the target's BUSYKEY is passed on")
def copy_and_replace():
    with server() as one, target_server() as two, one.client() as source, two.client() as target:
        source.do("SET", "k", "first")
        says(migrate(source, two, "k", "COPY"), "+", "OK")
        equal((source.do("GET", "k"), target.do("GET", "k")), (b"first", b"first"))
        source.do("SET", "k", "second")
        busy = "ERR Target instance replied with error: BUSYKEY Target key name already exists."
        says(migrate(source, two, "k"), "-", busy)
        equal((source.do("GET", "k"), target.do("GET", "k")), (b"second", b"first"))
        says(migrate(source, two, "k", "COPY", "REPLACE"), "+", "OK")
        equal((source.do("GET", "k"), target.do("GET", "k")), (b"second", b"second"))
        says(migrate(source, two, "k", "REPLACE"), "+", "OK")
        equal(source.do("EXISTS", "k"), 0)


@check("the target's database is chosen anew for each MIGRATE")
def databases():
    with server() as one, target_server() as two, one.client() as source, two.client() as target:
        for number, db in enumerate((3, 3, 0, 5)):
            source.do("SET", f"k{number}", db)
            says(migrate(source, two, f"k{number}", db=db), "+", "OK")
            target.do("SELECT", db)
            equal(target.do("GET", f"k{number}"), str(db).encode())
        source.do("SET", "k", "v")
        wrong = "ERR Target instance replied with error: ERR DB index is out of range"
        says(migrate(source, two, "k", db=16), "-", wrong)
        equal(source.do("GET", "k"), b"v")
        says(migrate(source, two, "k", db=0), "+", "OK")


@check("KEYS moves many at once, and skips those that are missing; none at all is NOKEY")
def many_keys():
    with server() as one, target_server() as two, one.client() as source, two.client() as target:
        names = [f"k{n}" for n in range(2000)]
        for name in names[::2]:
            source.do("SET", name, name * 20)
        says(migrate(source, two, "", "KEYS", *names), "+", "OK")
        equal((source.do("DBSIZE"), target.do("DBSIZE")), (0, 1000))
        equal(target.do("GET", "k1998"), b"k1998" * 20)
        says(migrate(source, two, "", "KEYS", *names), "+", "NOKEY")
        says(migrate(source, two, "k0"), "+", "NOKEY")
        says(migrate(source, free_port(), "k0"), "+", "NOKEY")


@check("of several keys, those that the target refuses stay")
def refused_keys_stay():
    with server() as one, target_server() as two, one.client() as source, two.client() as target:
        for name in ("a", "b", "c"):
            source.do("SET", name, "new")
        target.do("SET", "b", "old")
        reply = migrate(source, two, "", "KEYS", "a", "b", "c")
        expect(reply.is_error and b"BUSYKEY" in reply.value, lambda: f"{reply}")
        equal(source.do("KEYS", "*"), [b"b"])
        equal(target.do("MGET", "a", "b", "c"), [b"new", b"old", b"new"])


@check("AUTH and AUTH2 open a protected target; a wrong password moves nothing")
def passwords():
    replied = "ERR Target instance replied with error: "
    with server() as one, target_server("--requirepass", "secret") as two:
        with one.client() as source, two.client() as target:
            target.do("AUTH", "secret")
            for name in ("a", "b"):
                source.do("SET", name, "v")
            reply = migrate(source, two, "a")
            says(reply, "-", replied + "NOAUTH Authentication required.")
            wrong = "WRONGPASS invalid username-password pair or user is disabled."
            says(migrate(source, two, "a", "AUTH", "guess"), "-", replied + wrong)
            says(migrate(source, two, "a", "AUTH2", "nobody", "secret"), "-", replied + wrong)
            equal(source.do("EXISTS", "a", "b"), 2)
            says(migrate(source, two, "a", "AUTH", "secret"), "+", "OK")
            says(migrate(source, two, "b", "AUTH2", "default", "secret"), "+", "OK")
            equal(target.do("MGET", "a", "b"), [b"v", b"v"])


class FakeTarget:
    """Accepts one connection after another; each is dealt with by `talk(connection)`."""

    def __init__(self, talk):
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.talk = talk
        self.accepted = []
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        for connection in self.accepted:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted.append(connection)
            self.talk(connection)


def read_until_restores(connection, count):
    received = b""
    while received.count(b"RESTORE") < count:
        piece = connection.recv(65536)
        if not piece:
            return
        received += piece


@check("nobody listens there: an error, and the key stays")
def target_down():
    with server() as one, one.client() as source:
        source.do("SET", "k", "v")
        reply = migrate(source, free_port(), "k", timeout=500)
        expect(reply.is_error and reply.value.startswith(b"IOERR "), lambda: f"{reply}")
        equal(source.do("GET", "k"), b"v")


@check("a target that never answers costs the timeout; then others are served")
def silent_target():
    with server() as one, one.client() as source, one.client() as other:
        source.do("SET", "k", "v")
        with FakeTarget(lambda connection: None) as silent:
            reply = migrate(source, silent.port, "k", timeout=300)
            says(reply, "-", "IOERR error or timeout reading to target instance")
            equal(len(silent.accepted), 1, "connections tried")
        equal(other.do("GET", "k"), b"v")
        equal(source.do("PING"), b"PONG")


@check("a host's name that is not found in time costs the timeout", ours_only=True)
def lost_name():
    library = os.environ.get("TARN_FAULTS", "")
    if not os.path.exists(library):
        raise Skipped("TARN_FAULTS is not there")
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    env = {"LD_PRELOAD": library, "FAULTS_LOOKUP": "hangs",
           "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0"}
    with server("--bind", HOST, env=env) as one, one.client() as source, one.client() as other:
        source.do("SET", "k", "v")
        reply = source.call("MIGRATE", "some.host", 6379, "k", 0, 300)
        expect(reply.is_error and reply.value.startswith(b"IOERR "), lambda: f"{reply}")
        equal(other.do("GET", "k"), b"v")


@check("a target is found by its name")
def named_target():
    with server() as one, target_server() as two, one.client() as source:
        source.do("SET", "k", "v")
        says(source.call("MIGRATE", "localhost", two.port, "k", 0, 5000), "+", "OK")
        with two.client() as target:
            equal(target.do("GET", "k"), b"v")
        source.do("SET", "k", "v")
        reply = source.call("MIGRATE", "no-such-host.invalid", two.port, "k", 0, 5000)
        expect(reply.is_error and reply.value.startswith(b"IOERR "), lambda: f"{reply}")


@check("a target that goes away after the first key: that one moved, the others stay")
def half_way():
    def confirm_one(connection):
        read_until_restores(connection, 3)
        connection.sendall(b"+OK\r\n+OK\r\n")  # SELECT, the first RESTORE
        connection.shutdown(socket.SHUT_RDWR)

    with server() as one, one.client() as source:
        for name in ("a", "b", "c"):
            source.do("SET", name, "v")
        with FakeTarget(confirm_one) as target:
            reply = migrate(source, target.port, "", "KEYS", "a", "b", "c")
            says(reply, "-", "IOERR error or timeout reading to target instance")
        equal(sorted(source.do("KEYS", "*")), [b"b", b"c"])


@check("who does not speak RESP is no target", ours_only=True)
def babbling_target():
    def babble(connection):
        read_until_restores(connection, 1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    with server() as one, one.client() as source:
        source.do("SET", "k", "v")
        with FakeTarget(babble) as target:
            reply = migrate(source, target.port, "k")
            expect(reply.is_error and reply.value.startswith(b"IOERR "), lambda: f"{reply}")
        equal(source.do("GET", "k"), b"v")


@check("a kept connection that has gone stale is replaced by a new one")
def restarted_target():
    with server() as one, target_server() as two, one.client() as source:
        for name in ("a", "b"):
            source.do("SET", name, "v")
        says(migrate(source, two, "a"), "+", "OK")
        two.stop()
        two.start()
        says(migrate(source, two, "b"), "+", "OK")
        with two.client() as target:
            equal(target.do("KEYS", "*"), [b"b"])


@check("MIGRATE in a transaction answers in its place")
def in_transaction():
    with server() as one, target_server() as two, one.client() as source:
        source.do("SET", "k", "v")
        source.do("MULTI")
        migrate(source, two, "k")
        source.do("EXISTS", "k")
        equal(source.do("EXEC"), [b"OK", 0])


@check("the append-only file has keys that moved as deleted, and nothing is sent again")
def logged():
    with server("--appendonly", "yes") as one, target_server() as two:
        with one.client() as source, two.client() as target:
            for name in ("moved", "copied", "kept"):
                source.do("SET", name, "v")
            says(migrate(source, two, "moved"), "+", "OK")
            says(migrate(source, two, "copied", "COPY"), "+", "OK")
            target.do("FLUSHALL")
        one.stop()
        one.start()
        with one.client() as source, two.client() as target:
            equal(sorted(source.do("KEYS", "*")), [b"copied", b"kept"])
            equal(target.do("DBSIZE"), 0)


if __name__ == "__main__":
    main()
