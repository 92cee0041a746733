#!/usr/bin/env python3
"""Large and binary values, in one piece and in many."""

import hashlib
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.resp import ReplyError, encode  # noqa: E402
from support.server import scaled  # noqa: E402

MB = 1 << 20


def same_bytes(actual, wanted, what):
    expect(
        hashlib.sha1(actual).digest() == hashlib.sha1(wanted).digest(),
        f"{what}: other bytes came back",
    )


@check("a value of 64 MB comes back as it was, whole and in ranges")
def big_value():
    size = scaled(64, 8) * MB
    value = random.Random(1).randbytes(size)
    with server() as one, one.client() as client:
        equal(client.do("SET", "big", value), b"OK")
        equal(client.do("STRLEN", "big"), size)
        same_bytes(client.do("GET", "big"), value, "GET")
        same_bytes(
            client.do("GETRANGE", "big", size // 2, size // 2 + 100_000),
            value[size // 2 : size // 2 + 100_001],
            "GETRANGE",
        )
        equal(client.do("APPEND", "big", b"tail"), size + 4)
        equal(client.do("GETRANGE", "big", -5, -1), value[-1:] + b"tail")
        client.do("SETRANGE", "big", 10, b"overwritten")
        equal(client.do("GETRANGE", "big", 0, 30), value[:10] + b"overwritten" + value[21:31])
        equal(client.do("COPY", "big", "copy"), 1)
        equal(client.do("SET", "big", "small"), b"OK")
        equal(client.do("STRLEN", "copy"), size + 4)
        equal(client.do("DEL", "copy"), 1)


@check("values around the sizes where buffers change hands")
def edge_sizes():
    sizes = [
        0,
        1,
        44,
        45,
        1023,
        1024,
        16_383,
        16_384,
        16_385,
        32_767,
        32_768,
        32_769,
        65_535,
        65_536,
        262_144,
        MB,
        MB + 1,
    ]
    with server() as one, one.client() as client:
        for size in sizes:
            value = random.Random(size).randbytes(size)
            equal(
                client.pipeline([["SET", "k", value], ["GET", "k"], ["ECHO", value], ["PING"]]),
                [b"OK", value, value, b"PONG"],
                f"size {size}",
            )


@check("a big value in small pieces, with commands before and after it")
def pieces():
    value = random.Random(2).randbytes(scaled(4, 1) * MB)
    payload = (
        encode(["SET", "a", "1"])
        + encode(["SET", "big", value])
        + encode(["STRLEN", "big"])
        + encode(["INCR", "a"])
    )
    rng = random.Random(3)
    with server() as one, one.client() as client:
        at = 0
        while at < len(payload):
            size = rng.choice((1, 100, 1460, 9000, 65_536, 200_000))
            client.send_raw(payload[at : at + size])
            at += size
        equal([client.read_reply().value for _ in range(4)], [b"OK", b"OK", len(value), 2])


@check("every byte value in keys, values, names and errors")
def binary_safety():
    with server() as one, one.client() as client:
        for byte in range(256):
            data = bytes([byte]) * 3
            equal(
                client.pipeline([["SET", data, data + b"\r\n"], ["GET", data], ["EXISTS", data]]),
                [b"OK", data + b"\r\n", 1],
                f"byte {byte}",
            )
        equal(client.do("DBSIZE"), 256)
        equal(sorted(client.do("KEYS", "*")), [bytes([byte]) * 3 for byte in range(256)])


@check("proto-max-bulk-len bounds what a client may send and what commands may make")
def bounded():
    with server("--proto-max-bulk-len", "1mb") as one, one.client() as client:
        equal(client.do("SET", "k", b"x" * MB), b"OK")
        for command in (["APPEND", "k", "y"], ["SETRANGE", "k", MB, "y"]):
            try:
                client.do(*command)
                raise AssertionError(f"{command} was not refused")
            except ReplyError as error:
                expect("exceeds maximum allowed size" in str(error), str(error))
        with one.client() as other:
            other.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (MB + 1))
            data, closed = other.read_until_close()
            equal(data, b"-ERR Protocol error: invalid bulk length\r\n")
            expect(closed, "the connection stayed open")
        equal(client.do("STRLEN", "k"), MB)


@check("many big replies at once: memory for them is given back")
def many_big_replies():
    with server() as one, one.client() as client:
        client.do("SET", "k", b"x" * MB)
        count = scaled(100, 20)
        for value in client.pipeline([["GET", "k"]] * count):
            equal(len(value), MB)
        expect(
            b"obl=0 oll=0 omem=0" in client.do("CLIENT", "INFO"),
            "the output buffer still holds something",
        )


if __name__ == "__main__":
    main()
