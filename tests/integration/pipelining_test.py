#!/usr/bin/env python3
"""Requests in pieces, in bulk, and beside a greedy neighbour."""

import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import scaled  # noqa: E402

BINARY = bytes(range(256))
SESSION = [
    ["SET", "k", "v"],
    ["GET", "k"],
    ["SET", "bin\r\n\0", BINARY],
    ["GET", "bin\r\n\0"],
    ["INCR", "n"],
    ["MGET", "k", "n", "x"],
    ["FOO", "bar"],
    ["APPEND", "k", "x" * 100],
    ["STRLEN", "k"],
    ["DEL", "k", "n", "bin\r\n\0"],
    ["ECHO", ""],
]


def read_exactly(client, size):
    data = b""
    while len(data) < size:
        chunk = client.sock.recv(size - len(data))
        expect(chunk, f"closed after {data!r}")
        data += chunk
    return data


def whole_reply(one, payload):
    """What the server answers to the payload sent at once."""
    with one.client() as client:
        client.send_raw(payload + encode(["ECHO", "the-end"]))
        data = b""
        while not data.endswith(b"the-end\r\n"):
            data += client.sock.recv(1 << 16)
        return data[: -len(b"$7\r\nthe-end\r\n")]


@check("a pipeline that is split in two at every byte is answered the same")
def split_everywhere():
    payload = b"".join(map(encode, SESSION)) + b"PING inline\r\nECHO 'a b'\r\n"
    with server() as one:
        wanted = whole_reply(one, payload)
        with one.client() as client:
            for at in range(1, len(payload), scaled(1, 7)):
                client.send_raw(payload[:at])
                if at % 5 == 0:
                    time.sleep(0.0005)  # so that the halves arrive apart now and then
                client.send_raw(payload[at:])
                equal(read_exactly(client, len(wanted)), wanted, f"split at {at}")


@check("a pipeline that comes byte by byte is answered the same")
def byte_by_byte():
    payload = b"".join(map(encode, SESSION))
    with server() as one:
        wanted = whole_reply(one, payload)
        with one.client() as client:
            for at in range(len(payload)):
                client.send_raw(payload[at : at + 1])
            equal(read_exactly(client, len(wanted)), wanted)


@check("random splits, interleaved over many connections")
def random_splits():
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    with server() as one:
        clients = [one.client() for _ in range(scaled(50, 10))]
        plans = []
        for number in range(len(clients)):
            commands, wanted = [], b""
            for step in range(scaled(60, 20)):
                value = rng.randbytes(rng.choice((0, 3, 50, 5000, 40_000)))
                commands += [
                    ["SET", f"key{number}", value],
                    ["GET", f"key{number}"],
                    ["STRLEN", f"key{number}"],
                ]
                wanted += b"+OK\r\n$%d\r\n%b\r\n:%d\r\n" % (len(value), value, len(value))
            plans.append([b"".join(map(encode, commands)), wanted, b""])
        try:
            while any(plan[0] for plan in plans):
                number = rng.randrange(len(clients))
                plan = plans[number]
                size = rng.choice((1, 2, 7, 100, 1460, 16_384, 100_000))
                clients[number].send_raw(plan[0][:size])
                plan[0] = plan[0][size:]
                plan[2] += drain(clients[number])
            for client, plan in zip(clients, plans):
                plan[2] += read_exactly(client, len(plan[1]) - len(plan[2]))
                expect(plan[2] == plan[1], f"wrong replies, seed {seed}")
        finally:
            for client in clients:
                client.close()


def drain(client):
    """What has arrived, without waiting."""
    client.sock.setblocking(False)
    data = b""
    try:
        while chunk := client.sock.recv(1 << 18):
            data += chunk
    except BlockingIOError:
        pass
    client.sock.settimeout(20)
    return data


@check("replies of a long pipeline arrive while it is still being sent")
def long_pipeline():
    count = scaled(300_000, 30_000)
    with server() as one, one.client() as client:
        payload = encode(["INCR", "counter"]) * count
        sender = threading.Thread(target=client.sock.sendall, args=(payload,))
        sender.start()
        for wanted in range(1, count + 1):
            equal(client.read_reply().value, wanted)
        sender.join()


@check("one client with an endless pipeline does not starve the others")
def fairness():
    with server() as one, one.client() as greedy, one.client() as modest:
        stop = threading.Event()
        modest.do("SET", "k", "v" * 100)
        block = encode(["GET", "k"]) * 20_000

        def flood():
            try:
                while not stop.is_set():
                    greedy.sock.sendall(block)
            except OSError:
                pass

        def swallow():
            try:
                while not stop.is_set() and greedy.sock.recv(1 << 20):
                    pass
            except OSError:
                pass

        threads = [threading.Thread(target=flood), threading.Thread(target=swallow)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.2)
            answered = 0
            deadline = time.monotonic() + scaled(3, 1)
            slowest = 0.0
            while time.monotonic() < deadline:
                started = time.monotonic()
                equal(modest.do("PING"), b"PONG")
                slowest = max(slowest, time.monotonic() - started)
                answered += 1
            # Bounds for a loaded machine: starvation would mean a handful.
            expect(
                answered >= 20 and slowest < 2,
                f"{answered} answers, the slowest after {slowest:.2f} s",
            )
        finally:
            stop.set()
            greedy.sock.shutdown(2)
            for thread in threads:
                thread.join()


@check("a client that sends and never reads costs the others nothing")
def never_reads():
    with server() as one, one.client() as lazy, one.client() as modest:
        modest.do("SET", "k", "v" * 10_000)
        lazy.send_raw(encode(["GET", "k"]) * scaled(2000, 500))
        for _ in range(100):
            equal(modest.do("PING"), b"PONG")
        for _ in range(scaled(2000, 500)):
            equal(len(lazy.read_reply().value), 10_000)


if __name__ == "__main__":
    main()
