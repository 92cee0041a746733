#!/usr/bin/env python3
"""What memcached's clients stored: after kill -9, after restarts, and as Redis's clients see it."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main  # noqa: E402
from support.facts import info  # noqa: E402
from support.memcached import memcached_server  # noqa: E402
from support.resp import ReplyError, plain  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402

ALWAYS = ["--appendonly", "yes", "--appendfsync", "always"]
CLOCK_S = 5  # How far a remaining time may be from what was asked: starts take a moment.

# key: (value, flags, exptime in seconds)
ITEMS = {
    b"plain": (b"value", 0, 0),
    b"flags": (b"with flags", 4294967295, 0),
    b"small": (b"", 1, 0),
    b"number": (b"18446744073709551615", 65535, 0),
    b"binary": (bytes(range(256)) * 3 + b"\r\n", 7, 0),
    b"large": (os.urandom(200_000), 123456789, 0),
    b"timed": (b"for a while", 0, 5000),
    b"timed-flags": (b"both", 99, 2_000_000),
    b"K" * 250: (b"long key", 3, 1000),
}


def store(client, items):
    for key, (value, flags, exptime) in items.items():
        equal(client.set(key, value, flags, exptime), b"STORED\r\n")


def close_to(actual, wanted, what):
    if wanted <= 0:
        equal(actual, wanted, what)
    else:
        expect(wanted - CLOCK_S <= actual <= wanted, f"{what}: {actual} s, not {wanted} s")


def compare(client, items):
    for key, (value, flags, exptime) in items.items():
        found = client.gets(key)
        expect(found, f"{key[:20]!r} is lost")
        equal(found[:2], (value, flags), f"value and flags of {key[:20]!r}")
        close_to(client.ttl(key), exptime or -1, f"the time of {key[:20]!r}")


def crash(server):
    server.kill()
    server.start()


@check("kill -9: items, flags and exptimes survive, and so does what other commands did")
def kill():
    with memcached_server("tarn", ALWAYS) as server:
        with server.memcached() as client:
            store(client, ITEMS)
            at = int(time.time()) + 9000
            for key in (b"append", b"touch", b"gat", b"cas", b"meta", b"gone", b"n", b"mark"):
                client.set(key, b"7", 42, 100)
            equal(client.ask(b"append append 9 9 2\r\n89\r\n"), b"STORED\r\n")
            equal(client.ask(b"prepend append 9 9 1\r\n6\r\n"), b"STORED\r\n")
            equal(client.ask(b"touch touch %d\r\n" % at), b"TOUCHED\r\n")
            equal(client.ask(b"gat 0 gat\r\n", 3), b"VALUE gat 42 1\r\n7\r\nEND\r\n")
            cas = client.gets(b"cas")[2]
            equal(client.ask(b"cas cas 5 0 3 %d\r\nnew\r\n" % cas), b"STORED\r\n")
            equal(client.ask(b"ms meta 3 F11 T3000\r\nnew\r\n"), b"HD\r\n")
            equal(client.ask(b"ms AAH/ 2 b F12\r\nbk\r\n"), b"HD\r\n")
            equal(client.ask(b"delete gone\r\n"), b"DELETED\r\n")
            equal(client.ask(b"incr n 5\r\n"), b"12\r\n")
            equal(client.ask(b"ma made N700 J41\r\n"), b"HD\r\n")
            equal(client.ask(b"ma made\r\n"), b"HD\r\n")
            equal(client.ask(b"mg vivified N800\r\n"), b"HD W\r\n")
        wanted = ITEMS | {
            b"append": (b"6789", 42, 100),
            b"touch": (b"7", 42, 9000),
            b"gat": (b"7", 42, 0),
            b"cas": (b"new", 5, 0),
            b"meta": (b"new", 11, 3000),
            b"n": (b"12", 42, 100),
            b"made": (b"42", 0, 700),
            b"vivified": (b"", 0, 800),
        }
        for _ in range(2):  # What was loaded is written again only where something changes.
            crash(server)
            with server.memcached() as client:
                compare(client, wanted)
                equal(client.gets(b"gone"), None)
                equal(client.ask(b"mg AAH/ b v f k\r\n", 2), b"VA 2 f12 kAAH/ b\r\nbk\r\n")


@check("kill -9 in the middle of writes: what was answered is there")
def kill_writing():
    wanted = scaled(3000, 500)
    answered = []

    def write(client):
        number = 0
        try:
            while True:
                number += 1
                if client.set(b"k%d" % number, b"v%d" % number, number) != b"STORED\r\n":
                    return
                answered.append(number)
        except OSError:
            pass

    with memcached_server("tarn", ALWAYS) as server, server.memcached() as client:
        writer = threading.Thread(target=write, args=(client,))
        writer.start()
        enough = wait_until(lambda: len(answered) >= wanted, timeout=120)
        server.kill()
        writer.join()
        expect(enough, lambda: f"only {len(answered)} answers")
        server.start()
        with server.memcached() as again:
            for number in answered:
                found = again.gets(b"k%d" % number)
                equal(found and found[:2], (b"v%d" % number, number), f"k{number}")


@check("a flush survives kill -9, and what came after it, too")
def flush():
    with memcached_server("tarn", ALWAYS) as server:
        with server.memcached() as client:
            store(client, ITEMS)
            equal(client.ask(b"flush_all\r\n"), b"OK\r\n")
            client.set(b"after", b"1", 5)
        crash(server)
        with server.memcached() as client:
            for key in ITEMS:
                equal(client.gets(key), None)
            equal(client.gets(b"after")[:2], (b"1", 5))


@check("a CAS number that was handed out before kill -9 never matches afterwards")
def cas():
    with memcached_server("tarn", ALWAYS) as server:
        given = {}  # key: all its CAS numbers
        keys = [b"k%d" % i for i in range(50)]
        for life in range(4):
            with server.memcached() as client:
                everything = {number for numbers in given.values() for number in numbers}
                for key in keys:
                    for number in given.get(key, ()):
                        equal(
                            client.ask(b"cas %b 0 0 1 %d\r\nx\r\n" % (key, number)),
                            b"EXISTS\r\n",
                            f"life {life}: the old CAS {number} of {key!r}",
                        )
                        equal(client.ask(b"md %b C%d\r\n" % (key, number)), b"EX\r\n")
                for key in keys:
                    numbers = []
                    for step in range(3):
                        client.set(key, b"life %d step %d" % (life, step), 7)
                        numbers.append(client.gets(key)[2])
                    expect(len(set(numbers)) == 3, f"{key!r} keeps its CAS over writes: {numbers}")
                    expect(
                        not everything.intersection(numbers),
                        lambda numbers=numbers: f"life {life} gives an old CAS again: {numbers}",
                    )
                    given.setdefault(key, []).extend(numbers)
            crash(server)


@check("CAS numbers are unique over restarts with snapshots, too")
def cas_snapshots():
    with memcached_server("tarn") as server:
        given = set()
        for _ in range(3):
            with server.memcached() as client, server.client() as redis:
                for i in range(100):
                    client.set(b"k%d" % i, b"v")
                    number = client.gets(b"k%d" % i)[2]
                    expect(number not in given, f"{number} again")
                    given.add(number)
                redis.do("SAVE")
            crash(server)


@check("flags survive a rewrite of the append-only file")
def rewrite():
    with memcached_server("tarn", ALWAYS) as server:
        with server.memcached() as client, server.client() as redis:
            store(client, ITEMS)
            redis.do("BGREWRITEAOF")
            idle = b"aof_rewrite_in_progress:0"
            expect(
                wait_until(lambda: idle in redis.do("INFO", "persistence"), timeout=30),
                "the rewrite does not end",
            )
            client.set(b"after", b"1", 5)
        crash(server)
        with server.memcached() as client:
            compare(client, ITEMS | {b"after": (b"1", 5, 0)})


@check("flags and exptimes survive SAVE and a restart, twice")
def save():
    with memcached_server("tarn") as server:
        with server.memcached() as client:
            store(client, ITEMS)
        for _ in range(2):
            with server.client() as redis:
                redis.do("SAVE")
            server.stop()
            server.start()
            with server.memcached() as client:
                compare(client, ITEMS)


@check("Redis's clients and memcached's see the same values and deadlines")
def both_ways():
    with memcached_server("tarn") as server, server.memcached() as client, server.client() as redis:
        client.set(b"m", b"from memcached", 9, 1000)
        equal(redis.do("GET", "m"), b"from memcached")
        equal(redis.do("TYPE", "m"), b"string")
        close_to(redis.do("TTL", "m"), 1000, "TTL")
        redis.do("SET", "r", "from redis", "EX", "2000")
        equal(client.gets(b"r")[:2], (b"from redis", 0))
        close_to(client.ttl(b"r"), 2000, "mg t")
        redis.do("PERSIST", "r")
        equal(client.ttl(b"r"), -1)
        redis.do("EXPIRE", "r", "300")
        close_to(client.ttl(b"r"), 300, "mg t after EXPIRE")
        equal(client.ask(b"touch r 0\r\n"), b"TOUCHED\r\n")
        equal(redis.do("TTL", "r"), -1)
        equal(client.ask(b"touch m -1\r\n"), b"TOUCHED\r\n")
        equal(redis.do("EXISTS", "m"), 0)
        redis.do("SET", "n", "41")
        equal(client.ask(b"incr n 1\r\n"), b"42\r\n")
        equal(redis.do("INCR", "n"), 43)
        equal(client.get(b"n"), b"43")
        redis.do("APPEND", "r", "!")
        equal(client.get(b"r"), b"from redis!")
        redis.do("DEL", "r")
        equal(client.gets(b"r"), None)
        equal(client.ask(b"set big 1 0 1000\r\n" + b"b" * 1000 + b"\r\n"), b"STORED\r\n")
        equal(redis.do("STRLEN", "big"), 1000)
        equal(client.ask(b"ms AAH/ 2 b\r\nbk\r\n"), b"HD\r\n")
        equal(redis.do("GET", b"\x00\x01\xff"), b"bk")
        redis.do("FLUSHALL")
        equal(client.gets(b"big"), None)


@check("every write of a Redis client changes the CAS, and reads do not")
def redis_changes_cas():
    writes = [
        ["SET", "k", "1"], ["APPEND", "k", "2"], ["INCR", "k"], ["DECRBY", "k", "2"],
        ["SETRANGE", "k", "0", "7"], ["GETSET", "k", "5"], ["INCRBYFLOAT", "k", "1"],
        ["SETBIT", "k", "3", "1"], ["SETEX", "k", "100", "v"], ["MSET", "k", "x"],
    ]  # fmt: skip
    reads = [["GET", "k"], ["STRLEN", "k"], ["TTL", "k"], ["GETRANGE", "k", "0", "-1"], ["TYPE", "k"]]
    with memcached_server("tarn") as server, server.memcached() as client, server.client() as redis:
        client.set(b"k", b"0", 3)
        for command in writes:
            before = client.gets(b"k")[2]
            redis.do(*command)
            now = client.gets(b"k")[2]
            expect(now != before, f"{command} leaves the CAS")
            equal(client.ask(b"cas k 0 0 1 %d\r\n1\r\n" % before), b"EXISTS\r\n", str(command))
            client.set(b"k", b"1")
        for command in reads:
            before = client.gets(b"k")[2]
            redis.do(*command)
            equal(client.gets(b"k")[2], before, f"the CAS after {command}")
        before = client.gets(b"k")[2]
        redis.do("DEL", "k")
        redis.do("SET", "k", "1")
        expect(client.gets(b"k")[2] != before, "DEL and SET give the old CAS again")


@check("other types are misses for reads and SERVER_ERROR for writes, and nothing is lost")
def other_types():
    make = {
        "list": ["RPUSH", "list", "a", "b"],
        "set": ["SADD", "set", "a", "b"],
        "hash": ["HSET", "hash", "f", "v"],
        "zset": ["ZADD", "zset", "1", "a"],
    }
    reads = {
        b"get %b\r\n": b"END\r\n",
        b"gets %b\r\n": b"END\r\n",
        b"mg %b v\r\n": b"EN\r\n",
        b"me %b\r\n": b"EN\r\n",
    }
    writes = [
        b"set %b 0 0 1\r\nx\r\n", b"add %b 0 0 1\r\nx\r\n", b"replace %b 0 0 1\r\nx\r\n",
        b"append %b 0 0 1\r\nx\r\n", b"prepend %b 0 0 1\r\nx\r\n", b"cas %b 0 0 1 1\r\nx\r\n",
        b"incr %b 1\r\n", b"decr %b 1\r\n", b"ms %b 1\r\nx\r\n", b"ma %b N0\r\n",
    ]  # fmt: skip
    with memcached_server("tarn") as server, server.memcached() as client, server.client() as redis:
        for name, command in make.items():
            redis.do(*command)
            key = name.encode()
            digest = redis.do("DUMP", name)
            for request, answer in reads.items():
                equal(client.ask(request % key), answer, f"{request!r} of a {name}")
            for request in writes:
                said = client.ask(request % key)
                expect(said.startswith(b"SERVER_ERROR "), f"{request % key!r}: {said!r}")
            equal(redis.do("TYPE", name), key)
            equal(redis.do("DUMP", name), digest, f"the {name}")
            equal(redis.do("TTL", name), -1)
        equal(client.ask(b"get list nothing set\r\n"), b"END\r\n")
        client.set(b"str", b"1")
        try:
            redis.do("LPUSH", "str", "x")
            raise AssertionError("LPUSH took an item for a list")
        except ReplyError as error:
            expect(str(error).startswith("WRONGTYPE"), str(error))


@check("where there is no room, what was to be replaced is deleted, in the log and for listeners")
def without_room():
    with memcached_server("tarn", [*ALWAYS, "--notify-keyspace-events", "KEA"]) as server:
        with server.memcached() as client, server.client() as redis, server.client() as ear:
            for key in (b"set", b"meta", b"add"):
                client.set(key, b"old")
            redis.do("RPUSH", "list", "x")
            before = int(info(redis)["rdb_changes_since_last_save"])
            ear.do("SUBSCRIBE", *(f"__keyspace@0__:{key}" for key in ("set", "meta", "add")))
            ear.read(), ear.read()  # the other confirmations
            redis.do("CONFIG", "SET", "maxmemory", "1")
            no_room = b"SERVER_ERROR out of memory storing object\r\n"
            equal(client.ask(b"set set 0 0 3\r\nnew\r\n"), no_room)
            equal(plain(ear.read()), [b"message", b"__keyspace@0__:set", b"del"])
            equal(client.ask(b"add add 0 0 3\r\nnew\r\n"), no_room)
            equal(client.ask(b"set missing 0 0 3\r\nnew\r\n"), no_room)
            equal(client.ask(b"set list 0 0 3\r\nnew\r\n"), no_room)
            equal(client.ask(b"ms meta 3\r\nnew\r\n"), no_room)
            equal(plain(ear.read()), [b"message", b"__keyspace@0__:meta", b"del"])
            equal(int(info(redis)["rdb_changes_since_last_save"]) - before, 2)
            expect(b"errorstat_OOM:count=5" in redis.do("INFO", "errorstats"), "statistics")
        crash(server)
        with server.client() as redis:
            equal(sorted(redis.do("KEYS", "*")), [b"add", b"list"])


@check("where nothing may be written, nothing is deleted for want of room either")
def refused_without_room():
    with memcached_server("tarn", ["--save", "3600 1000"]) as server:
        with server.memcached() as client, server.client() as redis:
            client.set(b"k", b"old")
            os.mkdir(os.path.join(server.directory, "dump.rdb"))
            redis.do("BGSAVE")
            failed = wait_until(lambda: info(redis)["rdb_last_bgsave_status"] == "err")
            expect(failed, "BGSAVE has not failed")
            redis.do("CONFIG", "SET", "maxmemory", "1")
            expect(client.ask(b"set k 0 0 3\r\nnew\r\n").startswith(b"SERVER_ERROR "), "stored")
            equal(client.get(b"k"), b"old")
            os.rmdir(os.path.join(server.directory, "dump.rdb"))


if __name__ == "__main__":
    main()
