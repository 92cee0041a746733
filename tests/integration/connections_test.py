#!/usr/bin/env python3
"""Many connections, broken connections, idle connections."""

import os
import random
import re
import resource
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import scaled, wait_until  # noqa: E402


def connected(client):
    return int(re.search(rb"connected_clients:(\d+)", client.do("INFO", "clients"))[1])


def raise_file_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


@check("1000 connections at once, all answered, then none left behind")
def thousand():
    count = scaled(1000, 200)
    raise_file_limit(count + 200)
    with server() as one, one.client() as admin:
        clients = [one.client() for _ in range(count)]
        for number, client in enumerate(clients):
            client.send("SET", f"k{number}", number)
        for client in clients:
            equal(client.read_reply().value, b"OK")
        equal(connected(admin), count + 1)
        equal(admin.do("DBSIZE"), count)
        for number, client in enumerate(clients):
            equal(client.do("GET", f"k{number}"), str(number).encode())
            client.close()
        expect(wait_until(lambda: connected(admin) == 1), lambda: f"{connected(admin)} are left")


@check("a message to many reaches all, in order, and others are answered meanwhile")
def message_to_many():
    count = scaled(2000, 200)
    raise_file_limit(2 * count + 200)
    messages = [bytes([digit]) * 100_000 for digit in b"123"]
    with server() as one, one.client() as publisher, one.client() as other:
        subscribers = [one.client() for _ in range(count)]
        for number, client in enumerate(subscribers):
            client.send("SUBSCRIBE", "news", f"own:{number}")
        for client in subscribers:
            equal([client.read_reply().value[2].value for _ in range(2)], [1, 2])
        for message in messages:
            equal(publisher.do("PUBLISH", "news", message), count)
            equal(other.do("PING"), b"PONG")
        for leaving in subscribers[::7]:
            leaving.close()
        for number, client in enumerate(subscribers):
            if number % 7 == 0:
                continue
            equal([client.read_reply().value[2].value for _ in messages], messages)
        equal(publisher.do("PUBLISH", "own:1", "last"), 1)
        equal(subscribers[1].read_reply().value[2].value, b"last")


@check("hundreds of connections broken in every state leave no clients behind")
def broken():
    states = [
        b"",
        b"*",
        b"*2\r\n",
        b"*2\r\n$3\r\nGET\r\n$1",
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nxxxx",
        b"PIN",
        b"PING\r\n",
        b"*bad\r\n",
        encode(["SET", "k", "v" * 50_000]) + encode(["GET", "k"]) * 20,
        encode(["MONITOR"]),
        encode(["CLIENT", "REPLY", "OFF"]),
        encode(["CLIENT", "PAUSE", "1"]),
        encode(["QUIT"]),
        b"x" * 70_000,
    ]
    rng = random.Random(7)
    with server() as one, one.client() as admin:
        for number in range(scaled(600, 150)):
            client = one.client()
            try:
                client.send_raw(states[number % len(states)])
            except ConnectionError:
                pass
            rng.choice((client.close, client.abort))()
        expect(
            wait_until(lambda: connected(admin) == 1), lambda: f"left: {admin.do('CLIENT', 'LIST')}"
        )
        equal(admin.do("PING"), b"PONG")


@check("a half-closed client still gets the replies to what it sent")
def half_closed():
    with server() as one, one.client() as client:
        client.send_raw(encode(["SET", "k", "v"]) + encode(["GET", "k"]))
        client.sock.shutdown(1)
        data, closed = client.read_until_close()
        equal(data, b"+OK\r\n$1\r\nv\r\n")
        expect(closed, "the connection stayed open")


@check("a half-closed client gets its replies although they wait for an fsync")
def half_closed_durable():
    count = scaled(100, 20)
    with server("--appendonly", "yes", "--appendfsync", "always") as one:
        for number in range(count):
            with one.client() as client:
                client.send_raw(encode(["SET", "k", number]))
                # As part of the same receipt, or behind it.
                client.send_raw(encode(["GET", "k"]) + encode(["INCR", "n"]) * (number % 2))
                client.sock.shutdown(1)
                data, closed = client.read_until_close()
                value = str(number)
                wanted = f"+OK\r\n${len(value)}\r\n{value}\r\n"
                wanted += f":{number // 2 + 1}\r\n" * (number % 2)
                equal(data, wanted.encode())
                expect(closed, "the connection stayed open")


@check("a half-closed client gets replies that are larger than all buffers", ours_only=True)
def half_closed_large():
    with server() as one, one.client() as admin, one.client() as client:
        admin.do("SET", "k", "v" * 40_000)
        client.send_raw(encode(["GET", "k"]) * 500)
        client.sock.shutdown(1)
        expect(
            wait_until(lambda: b"cmd=get" in admin.do("CLIENT", "LIST")),
            "nothing of it was executed",
        )
        data, closed = client.read_until_close(20)
        equal(len(data), 500 * len("$40000\r\n\r\n" + "v" * 40_000))
        expect(closed, "the connection stayed open")
        expect(wait_until(lambda: connected(admin) == 1), lambda: f"{connected(admin)} are left")


# redis-server lets go of a client as soon as that half-closes.
@check("a client that half-closes and does not read is gone when it breaks", ours_only=True)
def half_closed_deaf():
    with server() as one, one.client() as admin, one.client() as client:
        admin.do("SET", "k", "v" * 40_000)
        client.send_raw(encode(["GET", "k"]) * 500)
        client.sock.shutdown(1)
        expect(
            wait_until(lambda: b"cmd=get" in admin.do("CLIENT", "LIST")),
            "nothing of it was executed",
        )
        client.abort()
        expect(wait_until(lambda: connected(admin) == 1), lambda: f"{connected(admin)} are left")


@check("idle connections are closed after `timeout` seconds, busy ones are not")
def idle():
    with server("--timeout", "1") as one, one.client() as idler, one.client() as busy:
        idler.do("PING")

        def idler_gone():
            busy.do("PING")
            idler.sock.settimeout(0.01)
            try:
                return idler.sock.recv(1) == b""
            except TimeoutError:
                return False

        expect(
            wait_until(idler_gone, timeout=10, interval=0.1), "the idle connection is still open"
        )
        equal(busy.do("PING"), b"PONG")


@check("connections come and go quickly")
def churn():
    count = scaled(3000, 500)
    with server() as one, one.client() as admin:
        for number in range(count):
            with one.client() as client:
                equal(client.do("INCR", "n"), number + 1)
        expect(wait_until(lambda: connected(admin) == 1), lambda: f"{connected(admin)} are left")
        expect(
            int(re.search(rb"total_connections_received:(\d+)", admin.do("INFO", "stats"))[1])
            >= count,
            "total_connections_received is too low",
        )


@check("connections beyond maxclients are told so, and room that is freed is used again")
def maxclients():
    limit = 20
    with server("--maxclients", limit) as one:
        clients = [one.client()]
        # The connection that waited for the start may still count.
        expect(wait_until(lambda: connected(clients[0]) == 1), "the first connection is not alone")
        clients += [one.client() for _ in range(limit - 1)]
        for client in clients:
            equal(client.do("PING"), b"PONG")
        for _ in range(30):
            with one.client() as extra:
                data, closed = extra.read_until_close()
                equal(data, b"-ERR max number of clients reached\r\n")
                expect(closed, "the connection stayed open")
        for client in clients[1:]:
            client.close()
        expect(wait_until(lambda: connected(clients[0]) == 1), "closed connections still count")
        with one.client() as again:
            equal(again.do("PING"), b"PONG")
        clients[0].close()


if __name__ == "__main__":
    main()
