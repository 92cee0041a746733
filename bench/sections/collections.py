"""Resident bytes an element of hashes, sets, sorted sets and lists, and of a field's TTL."""

import time
from dataclasses import dataclass

from harness.results import Check, Report, Table, at_most, fixed, times

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 1

SMALL_FIELDS = 10
SETTLE_S = 0.3


@dataclass(frozen=True)
class Case:
    name: str
    command: tuple
    requests: int
    elements: int  # stored by one request
    bar: float | None
    expire: tuple = ()  # gives each of them a TTL, once they are there
    ttl_bar: float | None = None

    @property
    def ttl_name(self):
        return f"TTL of a {self.name}"


FIELD_NAMES = [f"field:{i:02d}" for i in range(SMALL_FIELDS)]
SMALL_HASH = [word for name in FIELD_NAMES for word in (name, "v__num:1000000:9999999__")]
LONG_HASH = [*SMALL_HASH[:-1], "__value:100__"]
TTL = "__num:3600000:9999999__"
CASES = [
    Case("hash field 8+8", ("HSET", "hash", "f__seq:7__", "v__num:1000000:9999999__"),
         2_000_000, 1, 40, ("HPEXPIRE", "hash", TTL, "FIELDS", "1", "f__seq:7__"), 12),
    Case("small hash field 8+8", ("HSET", "h:__seq:8__", *SMALL_HASH), 200_000, SMALL_FIELDS, 27,
         ("HPEXPIRE", "h:__seq:8__", TTL, "FIELDS", f"{SMALL_FIELDS}", *FIELD_NAMES), 12),
    Case("small hash field, one of 10 long", ("HSET", "h:__seq:8__", *LONG_HASH), 100_000,
         SMALL_FIELDS, None),
    Case("set member 12", ("SADD", "set", "m__seq:11__"), 2_000_000, 1, 28),
    Case("set member of 9 digits", ("SADD", "set", "1__perm:8__"), 2_000_000, 1, 20),
    Case("sorted set member 12", ("ZADD", "zset", "__num:100000:999999__", "m__seq:11__"),
         2_000_000, 1, 50),
    Case("list element 12", ("RPUSH", "list", "m__seq:11__"), 4_000_000, 1, 14),
]


def grow(context, server, command, requests):
    """Resident bytes by which the server has grown after these requests."""
    before = server.rss_bytes()
    context.load.flood(server, command, requests=requests, clients=2, pipeline=64,
                       keyspace=100_000_000)
    time.sleep(SETTLE_S)
    return server.rss_bytes() - before


def measure(name, context):
    metrics = {}
    for case in CASES:
        requests = case.requests // context.choose(1, 4)
        elements = requests * case.elements
        with context.server(name) as server:
            server.start()
            metrics[case.name] = grow(context, server, case.command, requests) / elements
            if case.expire and server.knows(case.expire[0]):
                metrics[case.ttl_name] = grow(context, server, case.expire, requests) / elements
    return metrics


def report(data):
    table = Table("Resident bytes an element", ["", "redis", "tarn", "ratio", "bar", ""])
    out = Report([table])
    for case in CASES:
        judged = [(case.name, case.bar)] + ([(case.ttl_name, case.ttl_bar)] if case.expire else [])
        for name, bar in judged:
            check = Check(f"bytes, {name}", data.cell("redis", name, fixed(1)),
                          data.cell("tarn", name, fixed(1)), times(data.ratio(name)),
                          f"≤ {bar} B" if bar else "", at_most(data.median("tarn", name), bar))
            if bar:
                out.checks.append(check)
            table.rows.append([name, check.others, check.tarn, check.ratio, check.bar,
                               check.verdict])
            out.bars.append(("Bytes an element", name,
                             {server: data.median(server, name) for server in SERVERS}))
    out.notes.append("Bytes of a TTL come on top of the field's own; redis-server 7.0 has none.")
    return out
