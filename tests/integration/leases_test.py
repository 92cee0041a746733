#!/usr/bin/env python3
"""Leases that clients of RESP and of memcached share, and what of them survives kill -9."""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main  # noqa: E402
from support.memcached import memcached_server  # noqa: E402
from support.server import wait_until  # noqa: E402

ALWAYS = ["--appendonly", "yes", "--appendfsync", "always"]


def lease(redis, key, *options):
    return redis.do("GETLEASE", key, *options)


def take(redis, key, value, state):
    """Wins the lease, which offers this value in this state, and returns the token."""
    found, token, named = lease(redis, key)
    equal((found, named), (value, state), f"the lease of {key}")
    expect(token is not None, f"nobody wins {key}")
    return token


@check("a lease that one protocol's client has won is seen by the other's")
def shared():
    with memcached_server("tarn") as server, server.memcached() as client, server.client() as redis:
        # Missing, won by RESP.
        token = take(redis, "r", None, b"missing")
        equal(client.ask(b"mg r v N30\r\n", 2), b"VA 0 Z\r\n\r\n")
        equal(redis.do("SETLEASE", "r", token, "value"), b"OK")
        equal(client.ask(b"mg r v N30\r\n", 2), b"VA 5\r\nvalue\r\n")
        # Missing, won by memcached, whose CAS is a token.
        won = client.ask(b"mg m c N30\r\n").split()
        equal((won[0], won[2]), (b"HD", b"W"))
        equal(lease(redis, "m"), [None, None, b"missing"])
        equal(redis.do("SETLEASE", "m", won[1][1:], "value", "EX", "100"), b"OK")
        equal(client.ask(b"mg m v\r\n", 2), b"VA 5\r\nvalue\r\n")
        # Stale, by memcached; won by RESP; stored by memcached with RESP's token.
        equal(client.ask(b"md m I T30\r\n"), b"HD\r\n")
        token = take(redis, "m", b"value", b"stale")
        equal(client.ask(b"mg m v\r\n", 2), b"VA 5 Z X\r\nvalue\r\n")
        equal(client.ask(b"ms m 3 C%b\r\nnew\r\n" % token), b"HD\r\n")
        equal(lease(redis, "m"), [b"new", None, b"fresh"])
        # Stale, by RESP; won by memcached; RESP sees it, and can take the lease away.
        equal(redis.do("INVALIDATE", "m", "EX", "60"), 1)
        won = client.ask(b"mg m c t\r\n").split()
        equal(won[3:], [b"X", b"W"])
        expect(58 <= int(won[2][1:]) <= 60, f"{won[2]!r} is left of 60 s")
        equal(lease(redis, "m"), [b"new", None, b"stale"])
        equal(redis.do("INVALIDATE", "m"), 1)
        equal(client.ask(b"ms m 1 %b\r\nx\r\n" % won[1].replace(b"c", b"C")), b"EX\r\n")
        take(redis, "m", b"new", b"stale")
        # About to expire: R and REFRESH are one lease, too.
        redis.do("SET", "soon", "v", "EX", "20")
        equal(client.ask(b"mg soon v R30\r\n", 2), b"VA 1 W\r\nv\r\n")
        equal(lease(redis, "soon", "REFRESH", "30"), [b"v", None, b"fresh"])
        redis.do("SET", "soon", "v", "EX", "20")
        expect(lease(redis, "soon", "REFRESH", "30")[1], "a new version cannot be won")
        equal(client.ask(b"mg soon v R30\r\n", 2), b"VA 1 Z\r\nv\r\n")


@check("an invalidation by memcached's clients ends a WATCH, and winning does not")
def watched():
    with memcached_server("tarn") as server, server.memcached() as client, server.client() as redis:
        redis.do("SET", "k", "v")
        for request, answer, done in (
            (b"md k I T60\r\n", b"HD\r\n", None),
            (b"mg k\r\n", b"HD X W\r\n", [b"PONG"]),
        ):
            redis.do("WATCH", "k")
            equal(client.ask(request), answer)
            redis.do("MULTI")
            redis.do("PING")
            equal(redis.do("EXEC"), done, f"EXEC after {request!r}")


@check("of many clients at once exactly one wins, whatever they speak")
def stampede():
    clients = 16
    with memcached_server("tarn") as server:
        for state in ("missing", "stale"):
            if state == "stale":
                with server.client() as redis:
                    redis.do("SET", "hot", "old")
                    redis.do("INVALIDATE", "hot")
            winners = []
            barrier = threading.Barrier(clients)

            def ask(number, winners=winners, barrier=barrier):
                if number % 2 == 0:
                    with server.client() as redis:
                        barrier.wait()
                        won = lease(redis, "hot")[1] is not None
                else:
                    with server.memcached() as client:
                        barrier.wait()
                        won = b" W" in client.ask(b"mg hot N30\r\n")
                if won:
                    winners.append(number)

            threads = [threading.Thread(target=ask, args=(i,)) for i in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            equal(len(winners), 1, f"winners of what is {state}")


def crash(server):
    server.kill()
    server.start()


def rewrite(server):
    with server.client() as redis:
        redis.do("BGREWRITEAOF")
        idle = b"aof_rewrite_in_progress:0"
        expect(wait_until(lambda: idle in redis.do("INFO", "persistence"), timeout=30),
               "the rewrite does not end")
    crash(server)


def check_survival(restart, *options):
    with memcached_server("tarn", options) as server:
        with server.client() as redis, server.memcached() as client:
            for key in ("stale", "won", "made"):
                redis.do("SET", key, "old", "EX", "5000")
                redis.do("INVALIDATE", key, "EX", "900")
            redis.do("SET", "fresh", "new")
            client.set(b"theirs", b"old", 7)
            equal(client.ask(b"md theirs I T900\r\n"), b"HD\r\n")
            won = take(redis, "won", b"old", b"stale")
            equal(redis.do("SETLEASE", "made", take(redis, "made", b"old", b"stale"), "new"), b"OK")
            awaited = redis.do("GETLEASE", "awaited", "EX", "900")[1]
        restart(server)
        with server.client() as redis, server.memcached() as client:
            equal(lease(redis, "fresh"), [b"new", None, b"fresh"])
            equal(lease(redis, "made"), [b"new", None, b"fresh"])
            # Winners are forgotten, and what they bring is of an older version.
            equal(redis.do("SETLEASE", "won", won, "late"), None)
            equal(redis.do("SETLEASE", "awaited", awaited, "late"), None)
            for key in ("stale", "won"):
                take(redis, key, b"old", b"stale")
                equal(lease(redis, key), [b"old", None, b"stale"])
            equal(client.ask(b"mg theirs v f\r\n", 2), b"VA 3 f7 X W\r\nold\r\n")
            equal(lease(redis, "theirs"), [b"old", None, b"stale"])
            token = take(redis, "awaited", None, b"missing")
            equal(redis.do("SETLEASE", "awaited", token, "value"), b"OK")
            for key in ("stale", "won", "theirs"):
                expect(800 < redis.do("TTL", key) <= 900, f"the time of {key}")


@check("kill -9: what is stale, or still to be made, stays so, and the next to ask wins")
def kill():
    check_survival(crash, *ALWAYS)


@check("the same after a rewrite of the append-only file")
def after_rewrite():
    check_survival(rewrite, *ALWAYS)


@check("the same from a snapshot")
def from_snapshot():
    def restart(server):
        with server.client() as redis:
            redis.do("SAVE")
        crash(server)

    check_survival(restart)


if __name__ == "__main__":
    main()
