#!/usr/bin/env python3
"""Keys vanish in time, with no one asking for them. All bounds are wide."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402


def load(client, commands, batch=5000):
    """Sends many commands whose replies do not matter."""
    pending = []
    for command in commands:
        pending.append(encode(command))
        if len(pending) == batch:
            send_all(client, pending)
            pending = []
    send_all(client, pending)


def send_all(client, pending):
    client.send_raw(b"".join(pending))
    for _ in pending:
        client.read_reply()


@check("1000 keys that are due together vanish among 100,000 others with deadlines", ours_only=True)
def due_together():
    others = scaled(100_000, 20_000)
    with server() as one, one.client() as client:
        load(client, (["SET", f"far:{n}", "v", "EX", str(10_000 + n)] for n in range(others)))
        due_ms = int(time.time() * 1000) + 1500
        load(client, (["SET", f"soon:{n}", "v", "PXAT", str(due_ms)] for n in range(1000)))
        early = client.do("DBSIZE")
        if time.time() * 1000 < due_ms:
            equal(early, others + 1000, "before the deadline")
        expect(
            wait_until(lambda: client.do("DBSIZE") == others, timeout=8),
            lambda: f"DBSIZE is {client.do('DBSIZE')}",
        )
        expect(
            "expired_keys:1000\r\n".encode() in client.do("INFO", "stats"),
            "expired_keys is not 1000",
        )


@check("a key is never seen after its deadline, nor missed before it")
def exactness():
    with server() as one, one.client() as client:
        for round_number in range(scaled(20, 5)):
            due_ms = int(time.time() * 1000) + 30 + round_number
            client.do("SET", "k", "v", "PXAT", str(due_ms))
            while True:
                asked_ms = time.time() * 1000
                value = client.do("GET", "k")
                heard_ms = time.time() * 1000
                if value is None:
                    expect(heard_ms >= due_ms, f"gone {due_ms - heard_ms:.1f} ms early")
                    break
                expect(asked_ms <= due_ms + 2, f"still there {asked_ms - due_ms:.1f} ms late")


@check("deadlines that were moved: only the last one counts")
def moved():
    with server() as one, one.client() as client:
        load(client, (["SET", f"k{n}", "v", "PX", "300"] for n in range(300)))
        load(client, (["PERSIST", f"k{n}"] for n in range(100)))
        load(client, (["PEXPIRE", f"k{n}", "10000000"] for n in range(100, 200)))
        expect(
            wait_until(lambda: client.do("DBSIZE") == 200, timeout=8),
            lambda: f"DBSIZE is {client.do('DBSIZE')}",
        )
        equal(client.do("TTL", "k0"), -1)
        expect(client.do("TTL", "k150") > 9000, "the later deadline was lost")


@check("keys of every database expire")
def all_databases():
    with server() as one, one.client() as client:
        for db in range(16):
            client.do("SELECT", db)
            client.do("SET", "k", "v", "PX", "50")
        expect(
            wait_until(
                lambda: b"db" not in client.do("INFO", "keyspace").replace(b"# Keyspace", b""),
                timeout=8,
            ),
            lambda: client.do("INFO", "keyspace").decode(),
        )


if __name__ == "__main__":
    main()
