"""BGSAVE while clients go on: the fork's pause, the dip of throughput, and the memory copied."""

import contextlib
import time

from harness.results import Check, Report, Table, at_least, at_most, fixed, kilo, times
from harness.servers import BenchError

from .snapshot import KEYS, VALUE

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 3

# As long as the values that are there.
OTHER_VALUE = ('{"id":"__num:10000000:99999999__","name":"user __num:100000:999999__",'
               '"score":__num:100000:999999__,"active":true}')
SETTLE_S = 1.0
BEFORE_S = 3.0
LIMIT_S = 120
# By clients at P1, each of which waits for its reply: nine of ten requests are reads.
READERS, WRITERS = 45, 5
COW_BAR = 5.0


def info(client, section):
    text = client.call("INFO", section).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def requests_served(client):
    return int(info(client, "stats")["total_commands_processed"])


def saved(client):
    """Has a child save everything, and returns the seconds and the requests that went by."""
    began, served = time.monotonic(), requests_served(client)
    client.call("BGSAVE")
    while info(client, "persistence")["rdb_bgsave_in_progress"] == "1":
        if time.monotonic() - began > LIMIT_S:
            raise BenchError(f"BGSAVE takes longer than {LIMIT_S} s")
        time.sleep(0.02)
    seconds = time.monotonic() - began
    if info(client, "persistence")["rdb_last_bgsave_status"].strip() != "ok":
        raise BenchError("BGSAVE failed")
    return seconds, requests_served(client) - served


def dip(context, server, client, write, keys):
    with context.load.background_flood(server, write, clients=50, pipeline=16, keyspace=keys):
        time.sleep(SETTLE_S)
        began, served = time.monotonic(), requests_served(client)
        time.sleep(BEFORE_S)
        before = (requests_served(client) - served) / (time.monotonic() - began)
        seconds, during = saved(client)
    return {"before": before, "during": during / seconds, "kept": during / seconds / before,
            "save_s": seconds, "lost": max(0.0, before * seconds - during)}


def copied_share(context, server, client, loads, keys):
    """Of the memory in use, what a BGSAVE has copied under these loads, in percent."""
    with contextlib.ExitStack() as stack:
        for command, clients in loads:
            stack.enter_context(context.load.background_flood(
                server, command, clients=clients, pipeline=1, keyspace=keys))
        time.sleep(SETTLE_S)
        saved(client)
    copied = int(info(client, "persistence")["rdb_last_cow_size"])
    return 100 * copied / int(info(client, "memory")["used_memory"])


def measure(name, context):
    keys = KEYS // context.choose(1, 6)
    write, read = ["SET", "key:__rand__", OTHER_VALUE], ["GET", "key:__rand__"]
    with context.server(name) as server:
        server.start()
        context.load.flood(server, ["SET", "key:__seq__", VALUE], requests=keys, clients=2,
                           pipeline=64)
        with server.client() as client:
            saved(client)
            metrics = {"fork_ms": int(info(client, "stats")["latest_fork_usec"]) / 1000}
            metrics["reads"] = copied_share(context, server, client,
                                            [(read, READERS + WRITERS)], keys)
            metrics["mixed"] = copied_share(context, server, client,
                                            [(read, READERS), (write, WRITERS)], keys)
            metrics.update(dip(context, server, client, write, keys))
    return metrics


def report(data):
    rows = [("the fork's pause", "fork_ms", fixed(2, " ms")),
            ("SET/s at P16 before", "before", kilo),
            ("SET/s at P16 during BGSAVE", "during", kilo),
            ("of the rate before", "kept", times),
            ("BGSAVE took meanwhile", "save_s", fixed(1, " s")),
            ("requests that were not served", "lost", kilo),
            ("copied under reads alone", "reads", fixed(1, " %")),
            ("copied under 90 % reads", "mixed", fixed(1, " %"))]
    table = Table("BGSAVE of 3 M JSON values while clients go on", ["", "redis", "tarn", "ratio"])
    for title, metric, show in rows:
        table.rows.append([title, *(data.cell(server, metric, show) for server in SERVERS),
                           times(data.ratio(metric))])
    pause, kept, copied = data.ratio("fork_ms"), data.ratio("kept"), data.median("tarn", "mixed")
    checks = [
        Check("fork pause, 3 M keys", *(data.cell(server, "fork_ms", fixed(2, " ms"))
                                        for server in SERVERS),
              times(pause), "≤ 1×", at_most(pause, 1)),
        Check("throughput kept during BGSAVE under full write load",
              *(data.cell(server, "kept", times) for server in SERVERS),
              times(kept), "≥ 1×", at_least(kept, 1)),
        Check("memory copied by BGSAVE under 90 % reads, of the data",
              *(data.cell(server, "mixed", fixed(1, " %")) for server in SERVERS),
              times(data.ratio("mixed")), f"≤ {COW_BAR:.0f} %", at_most(copied, COW_BAR)),
    ]
    bars = [("BGSAVE while clients go on (ms, share, %)", title,
             {server: data.median(server, metric) for server in SERVERS})
            for title, metric in (("fork pause", "fork_ms"), ("throughput kept", "kept"),
                                  ("copied under 90 % reads", "mixed"))]
    return Report([table], checks, bars)
