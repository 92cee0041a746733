"""Resident memory over live data after random deletes of 90 % of the keys."""

import time

from harness.results import Check, Report, Table, at_most, fixed, times

SERVERS = ["redis", "memcached", "tarn"]
MAX_ROUNDS = 1

KEYS = 2_000_000
DELETED = 0.9
BAR = 1.5
LIMIT_S = 60
QUIET_S = 8  # ends the wait when nothing was given back for so long (--quick: 3)
STEP_BYTES = 256 * 1024


def wait_for_memory(server, good_enough_bytes, limit_s, quiet_s):
    """Waits until memory is small enough, stays as it is, or the time is over."""
    began = last_change = time.monotonic()
    lowest = server.rss_bytes()
    while lowest > good_enough_bytes and time.monotonic() - began < limit_s:
        time.sleep(0.1)
        now = server.rss_bytes()
        if now < lowest - STEP_BYTES:
            lowest, last_change = now, time.monotonic()
        elif time.monotonic() - last_change > quiet_s:
            break
    return server.rss_bytes(), last_change - began


def measure(name, context):
    keys = context.choose(KEYS, KEYS // 4)
    with context.server(name) as server:
        server.start()
        empty = server.rss_bytes()
        context.load.fill(server, keys)
        full = server.rss_bytes() - empty
        memcached = server.protocol == "memcached"
        delete = ["delete key:__perm__\\r\\n"] if memcached else ["DEL", "key:__perm__"]
        context.load.flood(server, delete, requests=int(keys * DELETED), keyspace=keys,
                           clients=2, pipeline=64)
        live = full * (1 - DELETED)
        after, seconds = wait_for_memory(server, empty + live * BAR, LIMIT_S,
                                         context.choose(QUIET_S, 3))
        return {"full_mb": full / 1e6, "after_mb": (after - empty) / 1e6,
                "over_live": (after - empty) / live, "seconds": seconds}


def report(data):
    table = Table("Resident memory after 90 % random deletes",
                  ["", "full", "after", "over live data", "last given back after"])
    out = Report([table])
    for server in data.servers():
        table.rows.append([server, data.cell(server, "full_mb", fixed(1, " MB")),
                           data.cell(server, "after_mb", fixed(1, " MB")),
                           data.cell(server, "over_live", fixed(1, "×")),
                           data.cell(server, "seconds", fixed(1, " s"))])
    ours = data.median("tarn", "over_live")
    out.checks.append(Check("memory after 90 % deletes, over live data",
                            data.cell("redis", "over_live", fixed(1, "×")),
                            data.cell("tarn", "over_live", fixed(1, "×")),
                            times(data.ratio("over_live")), f"≤ {BAR}×", at_most(ours, BAR)))
    out.bars.append(("Memory over live data after 90 % random deletes", "RSS ÷ live",
                     {server: data.median(server, "over_live") for server in data.servers()}))
    return out
