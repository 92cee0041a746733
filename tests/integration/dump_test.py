#!/usr/bin/env python3
"""What DUMP gives here, redis-server restores, and the other way round: for values of all types, in
all encodings."""

import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main  # noqa: E402
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


@check("DUMP of a missing key is nil")
def missing():
    ours, redis = both()
    with ours, ours.client() as client:
        equal(client.do("DUMP", "nothing"), None)


if __name__ == "__main__":
    main()
