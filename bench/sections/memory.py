"""Resident bytes a key, 16-byte keys and values, at several sizes, with and without a TTL."""

import time

from harness.results import Check, Report, Table, at_most, fixed, kilo, times

SERVERS = ["redis", "memcached", "tarn"]
MAX_ROUNDS = 1  # memory does not vary from run to run

POINTS = [1_000_000, 2_000_000, 3_000_000, 5_000_000]
BARS = {"plain": 56, "ttl": 72}
TITLES = {"plain": "without TTL", "ttl": "with TTL"}
SETTLE_S = 0.3


def store(server, kind):
    """The request that stores the next key."""
    if server.protocol == "memcached":
        seconds = 0 if kind == "plain" else 86_400
        return [f"set key:__seq__ 0 {seconds} 16\\r\\n__value:16__\\r\\n"]
    command = ["SET", "key:__seq__", "__value:16__"]
    return command if kind == "plain" else command + ["PX", "__num:3600000:9999999__"]


def measure_kind(name, context, kind, points):
    metrics = {}
    with context.server(name) as server:
        server.start()
        empty = server.rss_bytes()
        stored = 0
        for point in points:
            context.load.flood(server, store(server, kind), requests=point - stored, first=stored,
                               clients=2, pipeline=64)
            stored = point
            time.sleep(SETTLE_S)
            metrics[f"{kind} {point}"] = (server.rss_bytes() - empty) / point
    return metrics


def measure(name, context):
    points = POINTS[:context.choose(len(POINTS), 1)]
    return {**measure_kind(name, context, "plain", points),
            **measure_kind(name, context, "ttl", points)}


def worst(data, server, kind):
    values = [data.median(server, f"{kind} {point}") for point in POINTS]
    return max((value for value in values if value is not None), default=None)


def report(data):
    table = Table("Resident bytes a key (16-byte key, 16-byte value)",
                  ["", *(kilo(point) + " keys" for point in POINTS), "worst"])
    out = Report([table])
    for kind, bar in BARS.items():
        for server in data.servers():
            cells = [data.cell(server, f"{kind} {point}", fixed(1)) for point in POINTS]
            highest = worst(data, server, kind)
            table.rows.append([f"{server}, {TITLES[kind]}", *cells,
                               "–" if highest is None else f"{highest:.1f}"])
        highest = {server: worst(data, server, kind) for server in data.servers()}
        ours = highest.get("tarn")
        others = ", ".join(f"{server} {value:.0f}" for server, value in highest.items()
                           if server != "tarn" and value is not None)
        ratio = ours / highest["redis"] if ours and highest.get("redis") else None
        out.checks.append(Check(f"bytes a key {TITLES[kind]}", others,
                                "–" if ours is None else f"{ours:.1f}", times(ratio),
                                f"≤ {bar} B", at_most(ours, bar)))
        out.bars.append(("Bytes a key", TITLES[kind], highest))
    return out
