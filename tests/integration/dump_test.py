#!/usr/bin/env python3
"""What DUMP gives here, redis-server restores, and the other way round: for values of all types, in
all encodings. What is damaged is refused, or a value."""

import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main  # noqa: E402
from support.memcached import memcached_server  # noqa: E402
from support.rdb import mended  # noqa: E402
from support.resp import ReplyError  # noqa: E402
from support.server import Server, scaled  # noqa: E402

INTEGERS = [0, 1, -1, 12, 127, 128, -128, 4095, 4096, -4096, -4097, 32767, -32768, 32768, 8388607,
            -8388608, 8388608, 2147483647, -2147483648, 2147483648, 2**63 - 1, -(2**63)]


def text(rng, longest=200):
    kind = rng.randrange(6)
    if kind == 0:
        return str(rng.choice(INTEGERS))
    if kind == 1:
        return str(rng.randrange(-100_000, 100_000))
    if kind == 2:
        return "abc" * rng.randrange(longest // 3)
    length = rng.choice([0, 1, 5, 63, 64, 65, longest])
    return bytes(rng.randrange(256) for _ in range(length))


def value_commands(rng, key):
    """Commands that make a value of some type and encoding."""
    size = rng.choice([1, 3, 20, 127, 128, 129, 600])
    longest = rng.choice([20, 64, 65, 5000])
    kind = rng.randrange(8)
    if kind == 0:
        return [["SET", key, text(rng, rng.choice([10, 100, 20_000, 100_000]))]]
    if kind == 1:
        return [["RPUSH", key, *(text(rng, longest) for _ in range(size))]]
    if kind == 2:
        return [["SADD", key, *(rng.choice(INTEGERS) for _ in range(size))]]
    if kind == 3:
        return [["SADD", key, *(rng.randrange(-(2**40), 2**40) for _ in range(size))]]
    if kind == 4:
        return [["SADD", key, *(text(rng, longest) for _ in range(size))]]
    if kind == 5:
        pairs = [x for _ in range(size) for x in (text(rng, longest), text(rng, longest))]
        return [["HSET", key, *pairs]]
    if kind == 6:
        scores = [0, 1.5, 1e100, -1e-10, "inf", "-inf", 3, 2**53]
        pairs = [x for _ in range(size) for x in (rng.choice(scores), text(rng, longest))]
        return [["ZADD", key, *pairs]]
    return [["RPUSH", key, "x" * rng.choice([8000, 8185, 8192, 9000, 70_000])] for _ in range(3)]


def digest(client, key):
    return client.do("DEBUG", "DIGEST-VALUE", key)[0]


def carry(source, target, ours_to_theirs):
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    for number in range(scaled(400, 60)):
        key = f"key:{number}"
        commands = value_commands(rng, key)
        for command in commands:
            source.do(*command)
        payload = source.do("DUMP", key)
        reply = target.call("RESTORE", key, 0, payload)
        expect(not reply.is_error, lambda: f"seed {seed}: {commands} gave {payload}: {reply}")
        equal(digest(target, key), digest(source, key), f"seed {seed}: {commands}")


def both():
    return (Server("tarn", ["--enable-debug-command", "yes"]),
            Server("redis", ["--enable-debug-command", "yes", "--sanitize-dump-payload", "yes"]))


@check("redis-server restores what DUMP gives", ours_only=True)
def ours_to_redis():
    ours, redis = both()
    with ours, redis, ours.client() as source, redis.client() as target:
        carry(source, target, True)


@check("RESTORE takes what redis-server dumps", ours_only=True)
def redis_to_ours():
    ours, redis = both()
    with ours, redis, ours.client() as target, redis.client() as source:
        carry(source, target, False)


@check("an item of memcached's keeps its flags; redis-server restores its value", ours_only=True)
def items():
    one, two = memcached_server("tarn"), memcached_server("tarn")
    redis = Server("redis", ["--sanitize-dump-payload", "yes"])
    with one, two, redis, one.client() as source, two.client() as target, redis.client() as other:
        with one.memcached() as mc:
            mc.set(b"flags", b"value", 4294967295)
            mc.set(b"stale", b"old", 7)
            mc.ask(b"md stale I T1000\r\n")
        for key in ("flags", "stale"):
            payload = source.do("DUMP", key)
            equal(target.do("RESTORE", key, 0, payload), b"OK")
            equal(other.do("RESTORE", key, 0, payload), b"OK")
            equal(other.do("GET", key), source.do("GET", key))
        with two.memcached() as mc:
            equal(mc.gets(b"flags")[:2], (b"value", 4294967295))
            equal(mc.ask(b"mg stale f v\r\n", 2), b"VA 3 f7 X W\r\nold\r\n")
        equal(source.do("MIGRATE", "127.0.0.1", redis.port, "", 0, 5000, "REPLACE", "KEYS", "flags",
                        "stale"), b"OK")
        equal(source.do("DBSIZE"), 0)
        equal(target.do("MIGRATE", "127.0.0.1", one.port, "flags", 0, 5000), b"OK")
        with one.memcached() as mc:
            equal(mc.gets(b"flags")[:2], (b"value", 4294967295))


# ---- Damage -------------------------------------------------------------------------------------


def samples(client, fields_too):
    """A payload of each type and encoding, most of them short."""
    words = [f"word-{n}" for n in range(200)]
    for command in (
        ["SET", "int:8", "5"],
        ["SET", "int:32", "123456"],
        ["SET", "text", "some text"],
        ["SET", "compressible", "abcabcabc" * 30],
        ["RPUSH", "list", "a", "1", "-200", "70000", "", "x" * 70],
        ["RPUSH", "list:large", "x" * 9000, "y"],
        ["SADD", "ints", "1", "2", "-3"],
        ["SADD", "ints:64", "1", 2**40],
        ["SADD", "set", "a", "1", "x" * 70],
        ["HSET", "hash", "f", "v", "g", "12345", "h", ""],
        ["HSET", "hash:large", "f", "x" * 70, "g", "1"],
        ["ZADD", "zset", "1.5", "a", "inf", "b", "-3", "c"],
        ["ZADD", "zset:large", "1.5", "a", "-inf", "x" * 70],
        ["SADD", "set:many", *words],
        ["HSET", "hash:many", *(x for word in words for x in (word, "1"))],
        ["ZADD", "zset:many", *(x for n, word in enumerate(words) for x in (n / 3, word))],
        ["RPUSH", "list:many", *words],
    ):
        client.do(*command)
    if fields_too:
        client.do("COPY", "hash", "hash:deadlines")
        client.do("COPY", "hash:large", "hash:large:deadlines")
        for key in ("hash:deadlines", "hash:large:deadlines"):
            client.do("HPEXPIREAT", key, 4102444800123, "FIELDS", 1, "g")
    keys = sorted(client.do("KEYS", "*"))
    payloads = [client.do("DUMP", key) for key in keys]
    client.do("FLUSHALL")
    return dict(zip(keys, payloads))


def damaged(payload):
    """Every truncation, and every byte changed to some others; of a long payload, a selection."""
    body, version = payload[:-10], payload[-10:-8]
    step = 1 + len(body) // 400
    for size in range(0, len(body), step):
        yield mended(body[:size] + version + bytes(8))
    changes = (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF)
    for at in range(0, len(body), step):
        for change in changes if len(body) < 400 else changes[7:]:
            changed = bytes([body[at] ^ change])
            yield mended(body[:at] + changed + body[at + 1 :] + version + bytes(8))


READ = {
    b"string": ("STRLEN", "GET"),
    b"list": ("LLEN", "LRANGE 0 -1", "LINDEX -1"),
    b"set": ("SCARD", "SMEMBERS", "SRANDMEMBER 3"),
    b"hash": ("HLEN", "HGETALL", "HRANDFIELD 3"),
    b"zset": ("ZCARD", "ZRANGE 0 -1 WITHSCORES", "ZRANGEBYSCORE -inf +inf"),
}


def restore_damaged(client, what, payload):
    """What was taken for a value can be read, written and loaded."""
    bad = list(damaged(payload))
    replies = client.pipeline(["RESTORE", n, 0, text] for n, text in enumerate(bad))
    taken = [n for n, reply in enumerate(replies) if reply == b"OK"]
    errors = {str(reply) for reply in replies if reply != b"OK"}
    expect(errors <= {"ERR Bad data format"}, f"{what}: {errors}")
    # A hash whose fields have deadlines may have got one that has passed.
    dead = b"deadlines" in what
    alive = client.do("DBSIZE")
    expect(alive == len(taken) or dead, f"{what}: {alive} keys, {len(taken)} restored")

    kinds = client.pipeline(["TYPE", n] for n in taken)
    queries = [
        [name, n, *arguments]
        for n, kind in zip(taken, kinds) if kind != b"none"
        for name, *arguments in map(str.split, READ[kind])
    ]
    for query, reply in zip(queries, client.pipeline(queries)):
        expect(not isinstance(reply, ReplyError), lambda: f"{what}: {query}: {reply}")
    digest_before = client.do("DEBUG", "DIGEST")
    equal(client.do("DEBUG", "RELOAD"), b"OK")
    equal(client.do("DEBUG", "DIGEST"), digest_before, f"{what}: digest after DEBUG RELOAD")
    client.do("FLUSHALL")


@check("a damaged payload is refused, or a value: of every type and encoding", ours_only=True)
def damage():
    ours, redis = both()
    with ours, redis, ours.client() as client:
        with redis.client() as other:
            theirs = samples(other, False)
        for origin, payloads in (("ours", samples(client, True)), ("redis-server's", theirs)):
            for key, payload in payloads.items():
                restore_damaged(client, b"%b of %b" % (origin.encode(), key), payload)
        # The payload itself, and that without its checksum.
        good = theirs[b"hash"]
        equal(client.do("RESTORE", "good", 0, mended(good)), b"OK")
        for bad in (good[:-1], good + b"x", good[:-8] + bytes(8), b"", good[-10:], good[:9]):
            reply = client.call("RESTORE", "bad", 0, bad)
            wanted = b"ERR DUMP payload version or checksum are wrong"
            equal(reply.value, wanted, repr(bad))
        equal(client.do("DBSIZE"), 1)


@check("DUMP of a missing key is nil")
def missing():
    ours, redis = both()
    with ours, ours.client() as client:
        equal(client.do("DUMP", "nothing"), None)


if __name__ == "__main__":
    main()
