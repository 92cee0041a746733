"""Resident bytes an element of hashes, sets, sorted sets and lists."""

import time
from dataclasses import dataclass

from harness.results import Check, Report, Table, at_most, fixed, times

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 1

SMALL_FIELDS = 10


@dataclass(frozen=True)
class Case:
    name: str
    command: tuple
    requests: int
    elements: int  # stored by one request
    bar: float


SMALL_HASH = [word for i in range(SMALL_FIELDS)
              for word in (f"field:{i:02d}", "v__num:1000000:9999999__")]
CASES = [
    Case("hash field 8+8", ("HSET", "hash", "f__seq:7__", "v__num:1000000:9999999__"),
         2_000_000, 1, 40),
    Case("set member 12", ("SADD", "set", "m__seq:11__"), 2_000_000, 1, 28),
    Case("sorted set member 12", ("ZADD", "zset", "__num:100000:999999__", "m__seq:11__"),
         2_000_000, 1, 50),
    Case("list element 12", ("RPUSH", "list", "m__seq:11__"), 4_000_000, 1, 14),
    Case("small hash field 8+8", ("HSET", "h:__seq:8__", *SMALL_HASH), 200_000, SMALL_FIELDS, 27),
]


def measure(name, context):
    metrics = {}
    for case in CASES:
        requests = case.requests // context.choose(1, 4)
        with context.server(name) as server:
            server.start()
            empty = server.rss_bytes()
            context.load.flood(server, case.command, requests=requests, clients=2, pipeline=64)
            time.sleep(0.3)
            metrics[case.name] = (server.rss_bytes() - empty) / (requests * case.elements)
    return metrics


def report(data):
    table = Table("Resident bytes an element", ["", "redis", "tarn", "ratio", "bar", ""])
    out = Report([table])
    for case in CASES:
        ours = data.median("tarn", case.name)
        check = Check(f"bytes, {case.name}", data.cell("redis", case.name, fixed(1)),
                      data.cell("tarn", case.name, fixed(1)), times(data.ratio(case.name)),
                      f"≤ {case.bar} B", at_most(ours, case.bar))
        out.checks.append(check)
        table.rows.append([case.name, check.others, check.tarn, check.ratio, check.bar,
                           check.verdict])
        out.bars.append(("Bytes an element", case.name,
                         {server: data.median(server, case.name) for server in SERVERS}))
    return out
