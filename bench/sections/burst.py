"""PING latency while a million keys expire within one second."""

import time

from harness.results import Report, Table, fixed, times
from harness.servers import BenchError

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 2

KEYS = 1_000_000
SPREAD_MS = 1_000
FIGURES = [("the last one is gone after", "gone", 0, " ms"),
           ("keys left 10 s later", "left", 0, ""),
           ("PING p99.9 meanwhile", "PING p99.9", 2, " ms"),
           ("PING max meanwhile", "PING max", 2, " ms")]


def measure(name, context):
    keys = KEYS // context.choose(1, 4)
    with context.server(name) as server:
        server.start()
        first_ms = int(time.time() * 1000) + context.choose(6000, 3000)
        last_ms = first_ms + SPREAD_MS - 1
        context.load.flood(server, ["SET", "key:__seq__", "__value:16__", "PXAT",
                                    f"__num:{first_ms}:{last_ms}__"],
                           requests=keys, clients=2, pipeline=64)
        with server.client() as client:
            if client.call("DBSIZE") < keys or time.time() * 1000 > first_ms:
                raise BenchError("storing the keys took longer than their shortest TTL")
            time.sleep(max(0.0, first_ms / 1000 - 0.1 - time.time()))
            with context.load.probe(server) as probe:
                while client.call("DBSIZE") > 0 and time.time() < last_ms / 1000 + 10:
                    time.sleep(0.01)
                gone_ms = time.time() * 1000 - last_ms
            left = client.call("DBSIZE")
    return {"left": left, "gone": gone_ms,
            "PING p99.9": probe.figures["p999_us"] / 1000,
            "PING max": probe.figures["max_us"] / 1000}


def report(data):
    table = Table("1 M keys due within one second", ["", "redis", "tarn", "ratio"])
    for title, metric, digits, unit in FIGURES:
        table.rows.append([title, *(data.cell(server, metric, fixed(digits, unit))
                                    for server in SERVERS), times(data.ratio(metric))])
    bars = [("The longest PING while 1 M keys expire, ms", "PING max",
             {server: data.median(server, "PING max") for server in SERVERS})]
    return Report([table], bars=bars)
