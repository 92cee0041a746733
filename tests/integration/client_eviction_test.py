#!/usr/bin/env python3
"""`maxmemory-clients`: clients that take too much are disconnected, the largest first."""

import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.facts import figure  # noqa: E402
from support.resp import Client, ConnectionClosed, encode  # noqa: E402
from support.server import free_port, scaled, wait_until  # noqa: E402

KB = 1 << 10
MB = 1 << 20


class Watcher(Client):
    """A client that is spared itself, and sees what becomes of the others."""

    def __init__(self, one):
        super().__init__(one.port)
        equal(self.do("CLIENT", "NO-EVICT", "ON"), b"OK")

    def limit(self, value):
        equal(self.do("CONFIG", "SET", "maxmemory-clients", str(value)), b"OK")

    def figure(self, name):
        return figure(self, name)

    def evicted(self):
        return self.figure("evicted_clients")

    def await_evicted(self, count):
        expect(
            wait_until(lambda: self.evicted() == count, timeout=20),
            lambda: f"{self.evicted()} clients were evicted, not {count}",
        )

    def ids(self):
        lines = self.do("CLIENT", "LIST").decode().splitlines()
        return {int(line.split()[0].removeprefix("id=")) for line in lines}

    def field(self, client_id, name):
        line = self.do("CLIENT", "LIST", "ID", str(client_id)).decode()
        return int(dict(word.split("=", 1) for word in line.split())[name])

    def settle(self):
        """What the commands so far have left to be done is done after these."""
        for _ in range(3):
            equal(self.do("PING"), b"PONG")


def unfinished(one, size):
    """A client that has announced a large argument, and the client's id."""
    client = one.client()
    client_id = client.do("CLIENT", "ID")
    client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\nabc" % size)
    return client, client_id


def is_closed(client):
    try:
        while client.sock.recv(1 << 20):
            pass
        return True
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@check("who does not read large replies goes, and the others stay")
def output():
    with server() as one, Watcher(one) as watcher:
        watcher.limit(20 * MB)
        watcher.do("SET", "big", "x" * (10 * MB))
        with one.client() as small, one.client() as large:
            equal(small.do("PING"), b"PONG")
            large.send_raw(encode(["GET", "big"]) * 10)
            watcher.await_evicted(1)
            equal(small.do("PING"), b"PONG")
            expect(is_closed(large), "the connection is still there")
        watcher.settle()
        equal(watcher.evicted(), 1)
        expect(watcher.figure("mem_clients_normal") < 20 * MB, "the memory is still counted")


@check("large replies that are read in time cost nobody the connection")
def read_in_time():
    with server() as one, Watcher(one) as watcher, one.client() as client:
        watcher.limit(20 * MB)
        watcher.do("SET", "big", "x" * (5 * MB))
        for _ in range(20):
            equal(len(client.do("GET", "big")), 5 * MB)
        equal(watcher.evicted(), 0)


@check("CLIENT NO-EVICT ON spares a client")
def no_evict():
    with server() as one, Watcher(one) as watcher, one.client() as client:
        watcher.limit(20 * MB)
        watcher.do("SET", "big", "x" * (10 * MB))
        equal(client.do("CLIENT", "NO-EVICT", "ON"), b"OK")
        client.send_raw(encode(["GET", "big"]) * 10)
        watcher.settle()
        wait_until(lambda: watcher.figure("mem_clients_normal") > 40 * MB, timeout=20)
        for _ in range(10):
            equal(len(client.read_reply().value), 10 * MB)
        equal(client.do("CLIENT", "NO-EVICT", "OFF"), b"OK")
        equal(watcher.evicted(), 0)
        client.send_raw(encode(["GET", "big"]) * 10)
        watcher.await_evicted(1)


@check("what spared clients take counts, at the others' expense")
def spared_counts():
    with server() as one, Watcher(one) as watcher, one.client() as spared, one.client() as other:
        equal(spared.do("CLIENT", "NO-EVICT", "ON"), b"OK")
        equal(other.do("PING"), b"PONG")
        spared.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\nabc" % (30 * MB))
        watcher.limit(10 * MB)
        watcher.await_evicted(1)
        expect(is_closed(other), "the other client is still there")
        spared.send_raw(b"x" * (30 * MB - 3) + b"\r\n")
        equal(spared.read_reply().value, b"OK")


@check("a limit that is lowered costs the largest clients their connections, no others")
def lowered():
    sizes = (200 * KB, 1000 * KB, 3000 * KB)
    with server() as one, Watcher(one) as watcher:
        clients = [(size, *unfinished(one, size)) for size in sizes for _ in range(5)]
        expect(
            wait_until(lambda: watcher.figure("mem_clients_normal") > 5 * sum(sizes), timeout=20),
            "the clients' memory does not show",
        )
        watcher.limit(100 * MB)
        watcher.settle()
        equal(watcher.evicted(), 0)
        for limit in (16 * MB, 9 * MB, 4 * MB):
            watcher.limit(limit)
            expect(
                wait_until(lambda: watcher.figure("mem_clients_normal") <= limit, timeout=20),
                lambda: f"the limit of {limit} bytes is not met",
            )
            left = watcher.ids()
            gone = [size for size, _, client_id in clients if client_id not in left]
            stayed = [size for size, _, client_id in clients if client_id in left]
            expect(gone and stayed, f"at {limit} bytes {len(gone)} went, {len(stayed)} stayed")
            expect(min(gone) >= max(stayed), f"at {limit} bytes {gone} went and {stayed} stayed")
            equal(watcher.evicted(), len(gone))
        for _, client, _ in clients:
            client.close()


@check("an unfinished request counts while it arrives")
def query_buffer():
    with server() as one, Watcher(one) as watcher, one.client() as small:
        watcher.limit(10 * MB)
        # An argument for each kind of buffer: one large, and many small ones.
        for request in (
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$50000000\r\n" + b"x" * (20 * MB),
            b"*1000000\r\n$4\r\nMGET\r\n" + (b"$1000\r\n" + b"x" * 1000 + b"\r\n") * 20_000,
        ):
            before = watcher.evicted()
            with one.client() as client:
                try:
                    client.send_raw(request)
                except (ConnectionResetError, BrokenPipeError):
                    pass
                watcher.await_evicted(before + 1)
                expect(is_closed(client), "the connection is still there")
        equal(small.do("PING"), b"PONG")


@check("what a transaction has queued counts")
def queued():
    with server() as one, Watcher(one) as watcher, one.client() as client:
        watcher.limit(10 * MB)
        client.do("MULTI")
        for _ in range(5):
            equal(client.do("SET", "k", "x" * MB), b"QUEUED")
        watcher.settle()
        equal(watcher.evicted(), 0)
        try:
            for _ in range(10):
                client.do("SET", "k", "x" * MB)
            raise AssertionError("15 MB could be queued")
        except (ConnectionClosed, ConnectionResetError, BrokenPipeError):
            pass
        equal(watcher.evicted(), 1)


@check("invalidations and messages that are not read count")
def pushed():
    with server() as one, Watcher(one) as watcher:
        watcher.limit(10 * MB)
        watcher.do("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
        with one.client(resp=3) as tracker, one.client() as subscriber:
            for client, setup, command in (
                (tracker, ["CLIENT", "TRACKING", "ON", "BCAST"], ["SET", "k" * (200 * KB), "v"]),
                (subscriber, ["SUBSCRIBE", "channel"], ["PUBLISH", "channel", "m" * (200 * KB)]),
            ):
                before = watcher.evicted()
                client.do(*setup)
                for _ in range(500):
                    watcher.do(*command)
                    if watcher.evicted() > before:
                        break
                watcher.await_evicted(before + 1)
                expect(is_closed(client), "the connection is still there")


@check("names of channels, watched keys and prefixes count", ours_only=True)
def names():
    for command in (
        ["SUBSCRIBE"],
        ["PSUBSCRIBE"],
        ["WATCH"],
        ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX"],
    ):
        with server() as one, Watcher(one) as watcher, one.client(resp=3) as client:
            watcher.limit(10 * MB)
            try:
                for number in range(200):
                    client.send(*command, f"{number:03}" + "x" * (100 * KB))
                    client.read()
                raise AssertionError(f"{command}: 20 MB of names are there")
            except (ConnectionClosed, ConnectionResetError, BrokenPipeError):
                pass
            equal(watcher.evicted(), 1)


@check("a percentage is of maxmemory, whichever of the two is set")
def percent():
    with server() as one, Watcher(one) as watcher:
        watcher.limit("10%")
        client, _ = unfinished(one, 30 * MB)
        watcher.settle()
        equal(watcher.evicted(), 0, "evicted without maxmemory")
        watcher.do("CONFIG", "SET", "maxmemory", str(1000 * MB))
        watcher.settle()
        equal(watcher.evicted(), 0, "evicted below the limit")
        watcher.do("CONFIG", "SET", "maxmemory", str(200 * MB))
        watcher.await_evicted(1)
        expect(is_closed(client), "the connection is still there")
        client.close()
        watcher.limit(0)
        client, client_id = unfinished(one, 100 * MB)
        wait_until(lambda: watcher.field(client_id, "tot-mem") >= 100 * MB)
        equal(watcher.evicted(), 1, "evicted without a limit")
        client.close()


@check("the limit may be set at start; a tiny one leaves room to connect")
def at_start():
    with server("--maxmemory-clients", "1") as one, Watcher(one) as watcher:
        with one.client() as client:
            equal(client.do("PING"), b"PONG")
            client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\nabc" % MB)
            watcher.await_evicted(1)
        equal(watcher.do("CONFIG", "GET", "maxmemory-clients"), [b"maxmemory-clients", b"1"])


@check("INFO, CLIENT LIST and the log tell of it")
def told():
    with server() as one, Watcher(one) as watcher:
        client, client_id = unfinished(one, 20 * MB)
        for what, shown in (
            ("tot-mem", lambda: watcher.field(client_id, "tot-mem")),
            ("mem_clients_normal", lambda: watcher.figure("mem_clients_normal")),
        ):
            expect(wait_until(lambda: shown() >= 20 * MB), f"{what} lacks the argument")
        watcher.limit(10 * MB)
        watcher.await_evicted(1)
        expect(wait_until(lambda: f"id={client_id} ".encode() in one.log()), "no line in the log")
        watcher.do("CONFIG", "RESETSTAT")
        equal(watcher.evicted(), 0)
        client.close()


@check("clients of memcached's protocol count, and go", ours_only=True)
def memcached():
    port = free_port()
    with server("--memcached-port", port) as one, Watcher(one) as watcher:
        watcher.limit(20 * MB)
        small = socket.create_connection(("127.0.0.1", port), timeout=20)
        small.sendall(b"set n 0 0 1\r\n1\r\n")
        equal(small.recv(100), b"STORED\r\n")
        watcher.do("SET", "big", "x" * (10 * MB))
        watcher.do("CONFIG", "SET", "memcached-max-item-size", str(50 * MB))
        for request in (
            b"get big\r\n" * 10,
            b"set k 0 0 %d\r\nabc" % (30 * MB),
            b"ms k %d\r\nabc" % (30 * MB),
        ):
            before = watcher.evicted()
            with socket.create_connection(("127.0.0.1", port), timeout=20) as large:
                large.sendall(request)
                watcher.await_evicted(before + 1)
        small.sendall(b"incr n 1\r\n")
        equal(small.recv(100), b"2\r\n")
        small.close()


@check("very many clients are met by a limit without a pause for others", ours_only=True)
def many():
    count = scaled(900, 300)
    with server() as one, Watcher(one) as watcher:
        clients = []
        for _ in range(count):
            clients.append(one.client())
            clients[-1].send("PING")
        for client in clients:
            equal(client.read_reply().value, b"PONG")
        taken = watcher.figure("mem_clients_normal")
        limit = max(taken // 2, 128 * KB)
        watcher.limit(limit)
        expect(
            wait_until(lambda: watcher.figure("mem_clients_normal") <= limit, timeout=20),
            "the limit is not met",
        )
        evicted = watcher.evicted()
        expect(0 < evicted < count, f"{evicted} of {count} clients were evicted")
        equal(len(watcher.ids()), count + 1 - evicted)
        for client in clients:
            client.close()


if __name__ == "__main__":
    main()
