"""PING latency while a million keys expire within one second."""

import time

from harness.results import Report, Table, fixed, times
from harness.servers import BenchError

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 2

KEYS = 1_000_000
SAMPLE = 50_000
SPREAD_MS = 1_000
ATTEMPTS = 4
FIGURES = [("the last one is gone after", "gone", 0, " ms"),
           ("keys left 10 s later", "left", 0, ""),
           ("PING p99.9 meanwhile", "PING p99.9", 2, " ms"),
           ("PING max meanwhile", "PING max", 2, " ms")]


def store(context, server, keys, first_ms):
    """Stores keys that are due between `first_ms` and SPREAD_MS later; returns the seconds taken."""
    return context.load.flood(
        server, ["SET", "key:__seq__", "__value:16__", "PXAT",
                 f"__num:{first_ms}:{first_ms + SPREAD_MS - 1}__"],
        requests=keys, clients=2, pipeline=64)["seconds"]


def now_ms():
    return int(time.time() * 1000)


def store_in_time(context, server, client, keys):
    """Stores the keys before the first of them is due; returns when that will be.

    How long storing takes is estimated with a sample, and the lead is twice that. A machine that
    got slower meanwhile means another attempt with twice the lead.
    """
    sample_s = store(context, server, SAMPLE, now_ms() + 3_600_000)
    lead_ms = 500 + int(2000 * sample_s * keys / SAMPLE)
    for _ in range(ATTEMPTS):
        client.call("FLUSHALL")
        first_ms = now_ms() + lead_ms
        store(context, server, keys, first_ms)
        if client.call("DBSIZE") == keys and now_ms() < first_ms:
            return first_ms
        lead_ms *= 2
    raise BenchError(f"storing {keys} keys took longer than {lead_ms / 2000:.0f} s")


def measure(name, context):
    keys = KEYS // context.choose(1, 4)
    with context.server(name) as server:
        server.start()
        with server.client() as client:
            first_ms = store_in_time(context, server, client, keys)
            last_ms = first_ms + SPREAD_MS - 1
            time.sleep(max(0.0, first_ms / 1000 - 0.1 - time.time()))
            with context.load.probe(server) as probe:
                while client.call("DBSIZE") > 0 and now_ms() < last_ms + 10_000:
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
