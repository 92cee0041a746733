#!/usr/bin/env python3
"""`maxmemory`: what is used stays within it, and nobody waits for that."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.facts import figure, info  # noqa: E402
from support.resp import ReplyError, encode  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402

MB = 1 << 20
OOM = "OOM command not allowed when used memory > 'maxmemory'."


def refusal(client, *command):
    try:
        return f"no error but {client.do(*command)}"
    except ReplyError as error:
        return str(error)


def fill(client, count, size, prefix="k", batch=2000):
    value = "v" * size
    for first in range(0, count, batch):
        numbers = range(first, min(first + batch, count))
        client.send_raw(b"".join(encode(["SET", f"{prefix}:{n}", value]) for n in numbers))
        for _ in numbers:
            client.read_reply()


@check("used memory obeys the limit within 1 %, for small values and large ones", ours_only=True)
def within_limit():
    for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random"):
        with server("--maxmemory", "40mb", "--maxmemory-policy", policy) as one:
            with one.client() as client:
                for count, size in ((400_000, 100), (2000, 50_000), (60, 2 * MB)):
                    fill(client, count, size, prefix=str(size))
                    # One value of 2 MB is 5 % of the limit, and 16,000 small keys make room for it:
                    # that takes some slices more than the command may wait; so do the 400 small keys
                    # for a value of 50 kB where sanitizers look on.
                    if size > scaled(0.01 * 40 * MB, 10_000):
                        wait_until(lambda: figure(client, "used_memory") < 40 * MB * 1.01, timeout=5)
                    used = figure(client, "used_memory")
                    expect(used < 40 * MB * 1.01, f"{policy}, {size} bytes: {used} used")
                    expect(used > 40 * MB * 0.9, f"{policy}, {size} bytes: only {used} used")
                expect(figure(client, "evicted_keys") > 0, "nothing was evicted")


@check("used memory obeys the limit while large values take each other's place", ours_only=True)
def large_values():
    with server("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as one:
        value = os.urandom(MB)

        def write():
            with one.client() as client:
                for first in range(0, scaled(1600, 400), 16):
                    client.pipeline(["SET", n, value] for n in range(first, first + 16))

        writer = threading.Thread(target=write)
        writer.start()
        most = 0
        with one.client() as client:
            while writer.is_alive():
                most = max(most, figure(client, "used_memory"))
            expect(figure(client, "evicted_keys") > 0, "nothing was evicted")
        writer.join()
        # A value or two may be on their way while the system has others run.
        expect(most < 100 * MB * 1.01 + 4 * MB, f"{most} used")


@check("a limit that is lowered is met soon, and clients are served meanwhile", ours_only=True)
def lowered():
    with server("--maxmemory", "400mb", "--maxmemory-policy", "allkeys-lru") as one:
        with one.client() as client, one.client() as other:
            fill(client, scaled(1_000_000, 200_000), 100)
            target = figure(client, "used_memory") // 4
            client.do("CONFIG", "SET", "maxmemory", str(target))
            slowest = 0
            deadline = time.monotonic() + 60
            while figure(client, "used_memory") > target * 1.01:
                expect(time.monotonic() < deadline, "the limit was not met within a minute")
                begin = time.monotonic()
                equal(other.do("PING"), b"PONG")
                slowest = max(slowest, time.monotonic() - begin)
            print(f"    slowest PING {slowest * 1000:.1f} ms")
            equal(other.do("SET", "after", "v"), b"OK")


@check("freeing a large value is left to no thread, and gives nothing back at once", ours_only=True)
def freeing():
    with server("--enable-debug-command", "yes") as one, one.client() as client:
        freed = figure(client, "lazyfreed_objects")
        before = figure(client, "used_memory")
        client.do("SET", "k", b"v" * (64 * MB))
        client.do("SET", "k", "small")
        expect(figure(client, "used_memory") - before < MB, "it is there still")
        equal(figure(client, "lazyfreed_objects"), freed)
        if info(client, "memory")["mem_allocator"].startswith("jemalloc"):
            for threshold in ("opt.oversize_threshold", "arena.0.oversize_threshold"):
                expect(client.do("DEBUG", "MALLCTL", threshold) > 1 << 60, f"{threshold} is low")


@check("large collections make room in slices")
def collections():
    with server("--maxmemory-policy", "allkeys-random") as one, one.client() as client:
        for key in range(10):
            members = [f"member:{n:08}" for n in range(20_000)]
            for first in range(0, len(members), 5000):
                client.do("SADD", f"set:{key}", *members[first : first + 5000])
        target = figure(client, "used_memory") // 2
        client.do("CONFIG", "SET", "maxmemory", str(target))
        expect(
            wait_until(lambda: figure(client, "used_memory") <= target, timeout=20),
            "the limit was not met",
        )
        expect(client.do("DBSIZE") >= 2, "more was evicted than had to be")


@check("without a policy, what may take memory is refused, in transactions too")
def refused():
    with server() as one, one.client() as client:
        client.do("SET", "k", "v")
        client.do("RPUSH", "l", "a", "b")
        client.do("CONFIG", "SET", "maxmemory", "1")
        for command in (["SET", "k", "w"], ["APPEND", "k", "w"], ["LPUSH", "l", "x"], ["INCR", "n"]):
            equal(refusal(client, *command), OOM, " ".join(command))
        equal(client.do("GET", "k"), b"v")
        equal(client.do("LPOP", "l"), b"a")
        equal(client.do("EXPIRE", "k", "100"), 1)
        client.do("MULTI")
        equal(refusal(client, "GET", "k"), OOM, "GET in MULTI")
        expect(refusal(client, "EXEC").startswith("EXECABORT"), "EXEC after a refusal")
        client.do("CONFIG", "SET", "maxmemory", "0")
        client.do("MULTI")
        equal(client.do("SET", "k", "w"), b"QUEUED")
        with one.client() as other:
            other.do("CONFIG", "SET", "maxmemory", "1")
        expect("OOM command not allowed" in refusal(client, "EXEC"), "EXEC without room")
        equal(client.do("GET", "k"), b"v")
        equal(client.do("DEL", "k"), 1)


@check("evicted keys are gone after a restart from the log", ours_only=True)
def logged():
    with server("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru") as one:
        with one.client() as client:
            fill(client, 20_000, 200)
            client.do("CONFIG", "SET", "maxmemory", str(figure(client, "used_memory") - MB))
            wait_until(lambda: figure(client, "evicted_keys") > 1000, timeout=20)
            client.do("CONFIG", "SET", "maxmemory", "0")
            keys = client.do("DBSIZE")
            expect(keys < 20_000, "nothing was evicted")
        one.stop()
        one.start()
        with one.client() as client:
            equal(client.do("DBSIZE"), keys)


if __name__ == "__main__":
    main()
