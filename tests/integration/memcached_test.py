#!/usr/bin/env python3
"""The memcached protocol on a real server: its port, the keyspace it shares, and what lasts."""

import os
import re
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.resp import plain  # noqa: E402
from support.server import free_port, scaled, wait_until  # noqa: E402


class Memcached:
    """A connection that sends bytes and reads as many as a reply should have."""

    def __init__(self, port=None, path=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(min(count - len(data), 1 << 20))
            if not piece:
                break
            data += piece
        return data

    def talk(self, request, reply):
        self.socket.sendall(request)
        equal(self.read(len(reply)), reply)

    def line(self, request):
        self.socket.sendall(request)
        data = b""
        while not data.endswith(b"\r\n"):
            data += self.read(1)
        return data[:-2]

    def closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def memcached_server(*args):
    port = free_port()
    one = server("--memcached-port", str(port), *args)
    one.memcached_port = port
    return one


@check("items are strings of RESP, and the other way round")
def shared():
    with memcached_server() as one, one.client() as redis, Memcached(one.memcached_port) as mc:
        mc.talk(b"set k 5 0 3\r\nabc\r\n", b"STORED\r\n")
        equal(redis.do("GET", "k"), b"abc")
        redis.do("APPEND", "k", "d")
        mc.talk(b"get k\r\n", b"VALUE k 5 4\r\nabcd\r\nEND\r\n")
        redis.do("SET", "n", "41", "EX", "100")
        mc.talk(b"incr n 1\r\n", b"42\r\n")
        expect(90 < redis.do("TTL", "n") <= 100, "incr lost the time to live")
        unique = mc.line(b"gets n\r\n").split()[-1]
        equal(mc.read(9), b"42\r\nEND\r\n")
        redis.do("SET", "n", "1")
        mc.talk(b"cas n 0 0 1 " + unique + b"\r\n2\r\n", b"EXISTS\r\n")
        redis.do("RPUSH", "list", "x")
        mc.talk(b"get list\r\n", b"END\r\n")
        refusal = b"SERVER_ERROR the key holds another type than a string\r\n"
        mc.talk(b"set list 0 0 1\r\nx\r\n", refusal)
        equal(redis.do("LRANGE", "list", 0, -1), [b"x"])
        stats = redis.do("INFO", "commandstats")
        expect(b"cmdstat_memcached|get:calls=" in stats, "no statistics of get")


@check("subscribers hear of what memcached's clients change, as of what RESP's do")
def events():
    table = [
        (b"set k 0 0 1\r\n5\r\n", b"set"),
        (b"set k 0 100 1\r\n5\r\n", b"set expire"),
        (b"append k 0 0 1\r\n5\r\n", b"append"),
        (b"incr k 1\r\n", b"incrby"),
        (b"ma k T50\r\n", b"incrby expire"),
        (b"ma k T0\r\n", b"incrby"),
        (b"touch k 100\r\n", b"expire"),
        (b"touch k 0\r\n", b"persist"),
        (b"mg k v\r\n", b""),
        (b"md k I T30\r\n", b"stale expire"),
        (b"md k\r\n", b"del"),
        (b"ma k N0\r\n", b"set"),
        (b"delete k\r\n", b"del"),
        (b"ma k N30\r\n", b"set expire"),
        (b"touch k -1\r\n", b"del"),
        (b"mg k N30\r\n", b"set expire"),
    ]
    with memcached_server("--notify-keyspace-events", "KA") as one, one.client() as redis:
        with one.client() as ear, Memcached(one.memcached_port) as mc:
            ear.do("SUBSCRIBE", "__keyspace@0__:k")
            for request, expected in table:
                mc.line(request + b"mn\r\n")
                while mc.line(b"") != b"MN":
                    pass
                redis.do("PUBLISH", "__keyspace@0__:k", "end")
                heard = []
                while not heard or heard[-1] != b"end":
                    heard.append(plain(ear.read())[2])
                equal(b" ".join(heard[:-1]), expected, f"{request!r}")


@check("pipelines, and getting thousands of keys at once")
def many():
    count = scaled(20_000, 2000)
    with memcached_server() as one, Memcached(one.memcached_port) as mc:
        names = [b"key:%d" % i for i in range(count)]
        for at in range(0, count, 500):
            part = names[at : at + 500]
            mc.talk(b"".join(b"set %s 0 0 1\r\nx\r\n" % n for n in part), b"STORED\r\n" * len(part))
        mc.talk(
            b"get " + b" ".join(names) + b"\r\n",
            b"".join(b"VALUE %s 0 1\r\nx\r\n" % n for n in names) + b"END\r\n",
        )


@check("large values over a unix socket, up to memcached-max-item-size")
def large():
    value = os.urandom(8 << 20)
    path_args = ["--memcached-unixsocket", "mc.sock", "--memcached-max-item-size", "8mb"]
    with server(*path_args) as one:
        with Memcached(path=os.path.join(one.directory, "mc.sock")) as mc:
            header = b"%d\r\n" % len(value)
            mc.talk(b"set big 0 0 " + header + value + b"\r\n", b"STORED\r\n")
            mc.talk(b"get big\r\n", b"VALUE big 0 " + header + value + b"\r\nEND\r\n")
            too_much = b"set big 0 0 %d\r\n" % (len(value) + 1) + value + b"x\r\n"
            mc.talk(too_much, b"SERVER_ERROR object too large for cache\r\n")
            mc.talk(b"get big\r\n", b"END\r\n")


@check("with a password, nothing goes without it")
def password():
    with memcached_server("--requirepass", "secret") as one:
        with Memcached(one.memcached_port) as mc:
            mc.talk(b"get k\r\n", b"CLIENT_ERROR unauthenticated\r\n")
            mc.talk(
                b"set any 0 0 12\r\ndefault nope\r\n", b"CLIENT_ERROR authentication failure\r\n"
            )
            mc.talk(b"set any 0 0 14\r\ndefault secret\r\nget any\r\n", b"STORED\r\nEND\r\n")


@check("items, flags and exptimes outlive a kill under appendonly, CAS numbers do not")
def lasting():
    args = ("--appendonly", "yes", "--appendfsync", "always")
    one = memcached_server(*args)
    with one:
        with Memcached(one.memcached_port) as mc:
            mc.talk(b"set k 77 1000 3\r\nabc\r\n", b"STORED\r\n")
            mc.talk(b"append k 0 0 1\r\nd\r\n", b"STORED\r\n")
            mc.talk(b"set n 3 0 2\r\n10\r\ndecr n 1\r\n", b"STORED\r\n9\r\n")
            mc.talk(b"set gone 0 0 1\r\nx\r\ndelete gone\r\n", b"STORED\r\nDELETED\r\n")
            unique = mc.line(b"gets k\r\n").split()[-1]
        one.kill()
        one.start()
        with Memcached(one.memcached_port) as mc:
            mc.talk(b"get k n gone\r\n",
                    b"VALUE k 77 4\r\nabcd\r\nVALUE n 3 2\r\n9 \r\nEND\r\n")
            left = int(re.match(rb"HD t(\d+)", mc.line(b"mg k t\r\n"))[1])
            expect(900 < left <= 1000, f"{left} seconds are left")
            mc.talk(b"cas k 0 0 1 " + unique + b"\r\nx\r\n", b"EXISTS\r\n")


@check("flush_all with a delay")
def flush_later():
    with memcached_server() as one, one.client() as redis, Memcached(one.memcached_port) as mc:
        mc.talk(b"set k 0 0 1\r\nx\r\nflush_all 2\r\nget k\r\n",
                b"STORED\r\nOK\r\nVALUE k 0 1\r\nx\r\nEND\r\n")
        expect(wait_until(lambda: redis.do("DBSIZE") == 0), "nothing was flushed")


@check("CLIENT PAUSE holds writes, and CONFIG SET moves the port")
def control():
    with memcached_server() as one, one.client() as redis, Memcached(one.memcached_port) as mc:
        redis.do("CLIENT", "PAUSE", "60000", "WRITE")
        mc.talk(b"get k\r\n", b"END\r\n")
        mc.socket.sendall(b"set k 0 0 1\r\nx\r\nget k\r\n")
        held = lambda: b"cmd=memcached|set" in redis.do("CLIENT", "LIST")  # noqa: E731
        expect(wait_until(held), "the set did not come in")
        equal(redis.do("EXISTS", "k"), 0)
        redis.do("CLIENT", "UNPAUSE")
        mc.talk(b"", b"STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n")
        other = free_port()
        redis.do("CONFIG", "SET", "memcached-port", str(other))
        with Memcached(other) as moved:
            moved.talk(b"get k\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n")


@check("a database of its own")
def database():
    with memcached_server("--memcached-database", "3") as one:
        with one.client() as redis, Memcached(one.memcached_port) as mc:
            mc.talk(b"set k 0 0 1\r\nx\r\nflush_all\r\nset k 0 0 1\r\nx\r\n",
                    b"STORED\r\nOK\r\nSTORED\r\n")
            equal(redis.do("DBSIZE"), 0)
            redis.do("SELECT", "3")
            equal(redis.do("DBSIZE"), 1)


@check("broken connections leave nothing behind")
def broken():
    count = scaled(10_000, 500)
    with memcached_server() as one, one.client() as redis:
        starts = [b"get k", b"set k 0 0 100\r\nabc", b"set k 0 0 900000\r\n" + b"x" * 70_000,
                  b"ms k 5", b"x" * 3000, b""]
        for number in range(count):
            with Memcached(one.memcached_port) as mc:
                mc.socket.sendall(starts[number % len(starts)])
        gone = lambda: b"connected_clients:1\r" in redis.do("INFO", "clients")  # noqa: E731
        expect(wait_until(gone), "connections are left")
        equal(redis.do("DBSIZE"), 0)


if __name__ == "__main__":
    main()
