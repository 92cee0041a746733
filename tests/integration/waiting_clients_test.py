#!/usr/bin/env python3
"""Clients that wait (WAIT, CLIENT PAUSE), clients that watch (MONITOR), and renamed commands."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.server import wait_until  # noqa: E402


def ids(client):
    return [line.split()[0] for line in client.do("CLIENT", "LIST").splitlines()]


@check("WAIT for a replica that is not there lasts as long as it may; others are served meanwhile")
def wait():
    with server() as one, one.client() as waiting, one.client() as other:
        started = time.monotonic()
        waiting.send("WAIT", "1", "300")
        waiting.send("PING")
        for _ in range(20):
            equal(other.do("PING"), b"PONG")
        equal(waiting.read_reply().value, 0)
        expect(time.monotonic() - started >= 0.29, "it came back too early")
        equal(waiting.read_reply().value, b"PONG")


@check("a client that goes while it waits is noticed, with commands unread or not")
def leaving():
    with server() as one, one.client() as admin:
        alone = len(ids(admin))
        for unread in (b"", b"PING\r\n" * 100):
            waiting = one.client()
            waiting.send("WAIT", "1", "0")
            waiting.send_raw(unread)
            expect(wait_until(lambda: b"flags=b" in admin.do("CLIENT", "LIST")), "it does not wait")
            waiting.close()
            expect(wait_until(lambda: len(ids(admin)) == alone), "the client is still known")


@check("CLIENT UNBLOCK ends a wait, and the commands behind it run")
def unblock():
    with server() as one, one.client() as waiting, one.client() as other:
        number = waiting.do("CLIENT", "ID")
        error = b"UNBLOCKED client unblocked via CLIENT UNBLOCK"
        for how, reply in (("TIMEOUT", 0), ("ERROR", error)):
            waiting.send("WAIT", "1", "0")
            waiting.send("ECHO", "next")
            expect(wait_until(lambda: other.do("CLIENT", "UNBLOCK", number, how) == 1), "no wait")
            equal(waiting.read_reply().value, reply)
            equal(waiting.read_reply().value, b"next")


@check("a pipeline that a pause interrupts goes on in its order")
def pause():
    with server() as one, one.client() as held, one.client() as admin:
        equal(admin.do("CLIENT", "PAUSE", "200", "WRITE"), b"OK")
        replies = held.pipeline([[verb, "n"] for verb in ("GET", "INCR", "GET", "INCR", "GET")])
        equal(replies, [None, 1, b"1", 2, b"2"])


@check("a monitor that does not read is closed when its limit is passed", ours_only=True)
def slow_monitor():
    with server("--client-output-buffer-limit", "replica 1mb 0 0") as one, one.client() as busy:
        with one.client() as monitor:
            equal(monitor.do("MONITOR"), b"OK")
            value = "x" * 100_000
            for _ in range(200):
                equal(busy.do("SET", "k", value), b"OK")
                if len(ids(busy)) == 1:
                    break
            equal(len(ids(busy)), 1, "connections")


@check("commands have the names that rename-command gives them, and none that it takes away")
def rename():
    with server("--rename-command", "FLUSHALL", "", "--rename-command", "SET", "Put") as one:
        with one.client() as client:
            equal(client.do("PUT", "k", "v"), b"OK")
            equal(client.do("GET", "k"), b"v")
            for gone in ("SET", "FLUSHALL"):
                expect(client.call(gone, "k", "v").is_error, f"{gone} is still there")
            equal(client.do("COMMAND", "LIST", "FILTERBY", "PATTERN", "flusha*"), [])


if __name__ == "__main__":
    main()
