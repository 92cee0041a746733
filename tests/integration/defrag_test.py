#!/usr/bin/env python3
"""Active defragmentation: memory follows the data, and the data stays what it is."""

import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.facts import figure  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402

BAR = 1.5
OPTIONS = {
    "activedefrag": b"yes",
    "active-defrag-ignore-bytes": b"1048576",
    "active-defrag-threshold-lower": b"10",
    "active-defrag-threshold-upper": b"100",
    "active-defrag-cycle-min": b"1",
    "active-defrag-cycle-max": b"3",
}


def pipelined(client, commands, batch=2000):
    commands = list(commands)
    replies = []
    for first in range(0, len(commands), batch):
        part = commands[first : first + batch]
        client.send_raw(b"".join(encode(command) for command in part))
        replies += [client.read_reply().value for _ in part]
    return replies


def value_of(number):
    return f"the value of {number} " + "v" * (number % 60)


def grow_and_delete(client, count):
    """Returns the bytes of memory that the keys took, and which are left: one in ten."""
    pipelined(client, (["SET", f"key:{n}", value_of(n)] for n in range(count)))
    grown = figure(client, "used_memory_rss")
    numbers = list(range(count))
    random.Random(5).shuffle(numbers)
    kept = numbers[: count // 10]
    pipelined(client, (["DEL", f"key:{n}"] for n in numbers[count // 10 :]))
    return grown, kept


def check_values(client, kept):
    replies = pipelined(client, (["GET", f"key:{n}"] for n in kept))
    for number, reply in zip(kept, replies):
        equal(reply, value_of(number).encode(), f"key:{number}")


def check_needed(client, empty, needed):
    """Memory comes down to what is left needs, where malloc tells which of its slabs are sparse."""
    if b"mem_allocator:jemalloc" not in client.do("INFO", "memory"):
        return

    def taken():
        return figure(client, "used_memory_rss") - empty

    wait_until(lambda: taken() < needed * BAR, timeout=60)
    expect(taken() < needed * BAR, f"{taken()} taken, {needed} needed")


@check("the options have the defaults that the documentation says", ours_only=True)
def defaults():
    with server() as one, one.client() as client:
        for name, value in OPTIONS.items():
            equal(client.do("CONFIG", "GET", name), [name.encode(), value])


@check("after 90 % of the keys are deleted, memory is what the others need", ours_only=True)
def follows():
    count = scaled(300_000, 60_000)
    with server() as one, one.client() as client:
        # What the program itself takes for this is there by then.
        grow_and_delete(client, count // 10)
        client.do("FLUSHALL")
        wait_until(lambda: figure(client, "active_defrag_running") == 0, timeout=60)
        client.do("CONFIG", "RESETSTAT")
        empty = figure(client, "used_memory_rss")
        grown, kept = grow_and_delete(client, count)
        needed = (grown - empty) / 10

        def taken():
            return figure(client, "used_memory_rss") - empty

        if count == 300_000:
            wait_until(lambda: taken() < needed * BAR, timeout=60)
            expect(taken() < needed * BAR, f"{taken()} taken, {needed} needed")
        # Sparse memory is noticed within a tenth of a second.
        expect(
            wait_until(lambda: figure(client, "active_defrag_key_hits") > 0, timeout=20),
            "no key was moved",
        )
        expect(
            wait_until(lambda: figure(client, "active_defrag_running") == 0, timeout=60),
            "it does not end",
        )
        expect(figure(client, "active_defrag_hits") > 0, "nothing was moved")
        expect(figure(client, "total_active_defrag_time") > 0, "it took no time")
        equal(figure(client, "current_active_defrag_time"), 0)
        equal(client.do("DBSIZE"), count // 10)
        check_values(client, kept)
        client.do("CONFIG", "RESETSTAT")
        equal(figure(client, "active_defrag_key_hits"), 0)


@check("elements of large collections are moved together too", ours_only=True)
def collections():
    count = scaled(100_000, 30_000)
    with server() as one, one.client() as client:
        names = [f"{n}:{'x' * (n % 40)}" for n in range(count)]
        pipelined(client, (["HSET", "hash", name, f"value {name}"] for name in names))
        pipelined(client, (["SADD", "set", f"member {name}"] for name in names))
        pipelined(client, (["ZADD", "zset", str(n % 97), name] for n, name in enumerate(names)))
        mixed = list(names)
        random.Random(6).shuffle(mixed)
        kept, gone = mixed[: count // 10], mixed[count // 10 :]
        pipelined(client, (["HDEL", "hash", name] for name in gone))
        pipelined(client, (["SREM", "set", f"member {name}"] for name in gone))
        pipelined(client, (["ZREM", "zset", name] for name in gone))
        expect(
            wait_until(lambda: figure(client, "active_defrag_hits") > count // 10, timeout=20),
            "nothing was moved",
        )
        expect(
            wait_until(lambda: figure(client, "active_defrag_running") == 0, timeout=60),
            "it does not end",
        )
        expect(figure(client, "active_defrag_key_hits") > 0, "no key was touched")
        for command in (["HLEN", "hash"], ["SCARD", "set"], ["ZCARD", "zset"]):
            equal(client.do(*command), len(kept), command[0])
        for name, reply in zip(kept, pipelined(client, (["HGET", "hash", n] for n in kept))):
            equal(reply, f"value {name}".encode())
        equal(set(pipelined(client, (["SISMEMBER", "set", f"member {n}"] for n in kept))), {1})
        ranked = client.do("ZRANGE", "zset", "0", "-1", "WITHSCORES")
        pairs = [(int(ranked[i + 1]), ranked[i]) for i in range(0, len(ranked), 2)]
        equal(pairs, sorted(pairs), "order")
        equal({name for _, name in pairs}, {name.encode() for name in kept})


@check("large values, which are malloc's, are moved together too", ours_only=True)
def large_values():
    count = scaled(40_000, 5_000)
    with server() as one, one.client() as client:
        empty = figure(client, "used_memory_rss")
        values = {f"key:{n}": f"{n}:" + "v" * (1100 + n % 3 * 1000) for n in range(count)}
        pipelined(client, (["SET", key, value] for key, value in values.items()), batch=200)
        needed = (figure(client, "used_memory_rss") - empty) / 10
        keys = list(values)
        random.Random(7).shuffle(keys)
        kept = keys[: count // 10]
        pipelined(client, (["DEL", key] for key in keys[count // 10 :]))
        if count == 40_000:
            check_needed(client, empty, needed)
        for key, value in zip(kept, pipelined(client, (["GET", key] for key in kept), batch=200)):
            equal(value, values[key].encode(), key)


@check("lists, whose elements lie in memory of malloc's, are moved together too", ours_only=True)
def lists():
    count = scaled(30_000, 3_000)
    with server() as one, one.client() as client:
        empty = figure(client, "used_memory_rss")

        def elements_of(n):
            return [f"{n}:{i}:{'x' * (i % 20)}" for i in range(30 + n % 4 * 90)]

        keys = {f"list:{n}": n for n in range(count)}
        pipelined(client, (["RPUSH", key, *elements_of(n)] for key, n in keys.items()), batch=100)
        needed = (figure(client, "used_memory_rss") - empty) / 10
        mixed = list(keys)
        random.Random(8).shuffle(mixed)
        kept, gone = mixed[: count // 10], mixed[count // 10 :]
        pipelined(client, (["DEL", key] for key in gone))
        if count == 30_000:
            check_needed(client, empty, needed)
        ranges = pipelined(client, (["LRANGE", key, "0", "-1"] for key in kept), batch=100)
        for key, reply in zip(kept, ranges):
            elements = [element.value.decode() for element in reply]
            equal(elements, elements_of(keys[key]), key)
        pipelined(client, (["RPUSH", key, "last"] for key in kept))
        pipelined(client, (["LPUSH", key, "first"] for key in kept))
        for key, reply in zip(kept, pipelined(client, (["LLEN", key] for key in kept))):
            equal(reply, len(elements_of(keys[key])) + 2, key)


@check("large elements of collections, which are malloc's, are moved too", ours_only=True)
def large_elements():
    count = scaled(20_000, 2_000)
    with server() as one, one.client() as client:
        empty = figure(client, "used_memory_rss")
        names = [f"{n}:" for n in range(count)]
        names = [name + "n" * (2000 + n % 4 * 1500) for n, name in enumerate(names)]
        named = list(enumerate(names))
        pipelined(client, (["HSET", f"hash:{n % 50}", n, name] for n, name in named), 200)
        pipelined(client, (["SADD", "set", name] for name in names), 200)
        pipelined(client, (["ZADD", "zset", n % 97, name] for n, name in named), 200)
        needed = (figure(client, "used_memory_rss") - empty) / 10
        numbers = list(range(count))
        random.Random(9).shuffle(numbers)
        kept, gone = sorted(numbers[: count // 10]), numbers[count // 10 :]
        pipelined(client, (["HDEL", f"hash:{n % 50}", n] for n in gone))
        pipelined(client, (["SREM", "set", names[n]] for n in gone), 200)
        pipelined(client, (["ZREM", "zset", names[n]] for n in gone), 200)
        if count == 20_000:
            check_needed(client, empty, needed)
        values = pipelined(client, (["HGET", f"hash:{n % 50}", n] for n in kept), 200)
        equal(values, [names[n].encode() for n in kept], "values")
        members = pipelined(client, (["SISMEMBER", "set", names[n]] for n in kept), 200)
        equal(members, [1] * len(kept), "members")
        scores = pipelined(client, (["ZSCORE", "zset", names[n]] for n in kept), 200)
        equal(scores, [str(n % 97).encode() for n in kept], "scores")
        order = sorted(kept, key=lambda n: (n % 97, names[n]))
        ranked = client.do("ZRANGE", "zset", "0", "-1")
        equal(ranked, [names[n].encode() for n in order], "order")


@check("nothing is moved while it is off, and what is left waits for it", ours_only=True)
def switched():
    with server("--activedefrag", "no", "--active-defrag-ignore-bytes", "1") as one:
        with one.client() as client:
            _, kept = grow_and_delete(client, 60_000)
            equal(figure(client, "active_defrag_running"), 0)
            equal(figure(client, "active_defrag_key_hits"), 0)
            client.do("CONFIG", "SET", "activedefrag", "yes")
            expect(
                wait_until(lambda: figure(client, "active_defrag_key_hits") > 0, timeout=20),
                "no key was moved",
            )
            check_values(client, kept)


@check("keys that are written while others move keep what was written", ours_only=True)
def with_writers():
    with server("--active-defrag-ignore-bytes", "1", "--active-defrag-cycle-max", "50") as one:
        with one.client() as client:
            _, kept = grow_and_delete(client, 100_000)
            for turn in range(20):
                some = kept[turn * 100 : turn * 100 + 100]
                pipelined(client, (["APPEND", f"key:{n}", "+"] for n in some))
                pipelined(client, (["EXPIRE", f"key:{n}", "1000"] for n in some))
            replies = pipelined(client, (["GET", f"key:{n}"] for n in kept[:2000]))
            for number, reply in zip(kept, replies):
                equal(reply, value_of(number).encode() + b"+")
            check_values(client, kept[2000:])
            expect(
                wait_until(lambda: figure(client, "active_defrag_running") == 0, timeout=60),
                "it does not end",
            )


if __name__ == "__main__":
    main()
