#!/usr/bin/env python3
"""`compress-values`: values lie compressed, and nobody who reads or writes them can tell."""

import json
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.facts import figure  # noqa: E402
from support.memcached import memcached_server  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402

COUNT = scaled(20_000, 2_000)
ON = ("--compress-values", "yes", "--compress-effort", "90", "--enable-debug-command", "yes")
NAMES = "Ada Alan Barbara Claude Donald Edsger Frances Grace Katherine Leslie Margaret".split()


def document(number):
    """About 1 KB of JSON, as applications keep it."""
    rng = random.Random(number)
    order = {
        "id": number,
        "customer": {"first_name": rng.choice(NAMES), "last_name": rng.choice(NAMES),
                     "email": f"user{rng.randrange(10**7)}@example.com"},
        "created_at": f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T08:30:00Z",
        "token": f"{rng.getrandbits(128):032x}",
        "items": [{"sku": f"SKU-{rng.randrange(10**6):06d}", "quantity": rng.randrange(1, 9),
                   "price": round(rng.random() * 200, 2), "discount": rng.choice([0, 5, 10])}
                  for _ in range(10)],
    }  # fmt: skip
    return json.dumps(order).encode()


def load(client, count=COUNT, prefix="doc"):
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        client.send_raw(b"".join(encode(["SET", f"{prefix}:{n}", document(n)]) for n in numbers))
        for _ in numbers:
            equal(client.read_reply().value, b"OK")


def all_compressed(client, count=COUNT, timeout=60):
    """Waits for the walk; a few values of the last moments may be left for the next one."""
    enough = count - count // 50
    expect(
        wait_until(lambda: figure(client, "compressed_values") >= enough, timeout=timeout),
        lambda: f"only {figure(client, 'compressed_values')} of {count} are compressed",
    )


@check("a third of the memory and more is saved on JSON, and every byte is there", ours_only=True)
def saved():
    with server("--enable-debug-command", "yes") as plain, plain.client() as client:
        empty = figure(client, "used_memory_dataset")
        load(client)
        plain_bytes = figure(client, "used_memory_dataset") - empty
        digest = client.do("DEBUG", "DIGEST")
    with server(*ON) as one, one.client() as client:
        empty = figure(client, "used_memory_dataset")
        load(client)
        all_compressed(client)
        used = figure(client, "used_memory_dataset") - empty
        expect(used <= 0.7 * plain_bytes, f"{used} bytes where {plain_bytes} are plain")
        equal(client.do("DEBUG", "DIGEST"), digest)
        for n in range(0, COUNT, 7):
            equal(client.do("GET", f"doc:{n}"), document(n))
        equal(client.do("MGET", "doc:1", "doc:2"), [document(1), document(2)])
        all_compressed(client)


@check("commands on compressed strings do what they do on others", ours_only=True)
def commands():
    with server(*ON) as one, one.client() as client:
        load(client, 200)
        all_compressed(client, 200)
        text = document(5)
        equal(client.do("STRLEN", "doc:5"), len(text))
        equal(client.do("GETRANGE", "doc:5", "10", "49"), text[10:50])
        equal(client.do("OBJECT", "ENCODING", "doc:5"), b"raw")
        equal(client.do("BITCOUNT", "doc:5"), sum(byte.bit_count() for byte in text))
        equal(client.do("BITPOS", "doc:5", "0"), 0)
        equal(client.do("LCS", "doc:5", "doc:5", "LEN"), len(text))
        equal(client.do("COPY", "doc:5", "copy"), 1)
        equal(client.do("RENAME", "copy", "renamed"), b"OK")
        equal(client.do("GET", "renamed"), text)
        payload = client.do("DUMP", "doc:5")
        equal(client.do("RESTORE", "restored", "0", payload), b"OK")
        equal(client.do("GET", "restored"), text)
        equal(client.do("EXPIRE", "doc:6", "1000"), 1)
        equal(client.do("PERSIST", "doc:6"), 1)
        equal(client.do("GET", "doc:6"), document(6))
        equal(client.do("APPEND", "doc:7", "tail"), len(document(7)) + 4)
        equal(client.do("GET", "doc:7"), document(7) + b"tail")
        equal(client.do("SETRANGE", "doc:8", "3", "abc"), len(document(8)))
        equal(client.do("GET", "doc:8"), document(8)[:3] + b"abc" + document(8)[6:])
        equal(client.do("SETBIT", "doc:9", "7", "0"), document(9)[0] & 1)
        equal(client.do("GETSET", "doc:10", "new"), document(10))
        equal(client.do("GETDEL", "doc:11"), document(11))
        equal(client.do("GETEX", "doc:12", "EX", "100"), document(12))
        equal(client.do("SET", "doc:13", "x", "GET"), document(13))


@check("memcached's clients read and change compressed items", ours_only=True)
def memcached():
    with memcached_server("tarn", ON) as one, one.client() as client:
        load(client, 200)
        all_compressed(client, 200)
        with one.memcached() as items:
            equal(items.get(b"doc:3"), document(3))
            reply = items.ask(b"mg doc:4 v s\r\n", lines=2)
            size = len(document(4))
            equal(reply, b"VA %d s%d\r\n%s\r\n" % (size, size, document(4)))
            equal(items.ask(b"append doc:3 0 0 4\r\ntail\r\n"), b"STORED\r\n")
            equal(items.get(b"doc:3"), document(3) + b"tail")
        equal(client.do("GET", "doc:3"), document(3) + b"tail")


@check("snapshots and the append-only file hold plain values", ours_only=True)
def lasting():
    with server(*ON, "--appendonly", "yes", "--aof-use-rdb-preamble", "no") as one:
        with one.client() as client:
            load(client, 500)
            all_compressed(client, 500)
            digest = client.do("DEBUG", "DIGEST")
            equal(client.do("DEBUG", "RELOAD"), b"OK")
            equal(client.do("DEBUG", "DIGEST"), digest)
            client.do("BGREWRITEAOF")
            wait_until(lambda: b"aof_rewrite_in_progress:0" in client.do("INFO", "persistence"))
        one.kill()
        one.start()
        with one.client() as client:
            equal(client.do("DEBUG", "DIGEST"), digest)


@check("under pressure only: values are compressed when most of the limit is used", ours_only=True)
def pressure():
    with server("--compress-values", "pressure", "--compress-effort", "90",
                "--maxmemory", "100mb") as one, one.client() as client:  # fmt: skip
        load(client, 1000)
        equal(figure(client, "compressed_values"), 0)
        client.do("CONFIG", "SET", "maxmemory", str(figure(client, "used_memory") * 5 // 4))
        expect(
            wait_until(lambda: figure(client, "compressed_values") >= 100),
            lambda: f"only {figure(client, 'compressed_values')} are compressed",
        )
        for n in range(1000):
            equal(client.do("GET", f"doc:{n}"), document(n))


if __name__ == "__main__":
    main()
