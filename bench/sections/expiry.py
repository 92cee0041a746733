"""How late keys, and fields of a hash, expire that are due together among a million others."""

import re
import time

from harness.resp import Arrivals
from harness.results import Check, Report, Table, at_least, at_most, fixed

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 1  # half a minute for a server that is late

OTHERS = 1_000_000
DUE = 1_000
LEAD_S = 1.0  # between storing the due keys and their deadline
POLL_S = 0.0005
LINGER_S = 0.2
BAR_P99_MS = 20
TTL = "__num:36000000:99999999__"
KINDS = {"gone": ("gone from DBSIZE", "due keys gone"),
         "event": ("`expired` event", "`expired` events"),
         "field": ("fields gone from HLEN", "due fields gone")}
CHANNEL = "__keyevent@0__:expired"


def quantile(values, q, total, missing):
    """The q-quantile of `total` samples, of which those that never came count as `missing`."""
    values = sorted(values)
    index = round(q * (total - 1))
    return values[index] if index < len(values) else missing


def store_due_keys(client):
    deadline_ms = int((time.time() + LEAD_S) * 1000)
    for i in range(DUE):
        client.send("SET", f"due:{i:012d}", "v", "PXAT", deadline_ms)
    for _ in range(DUE):
        client.read()
    return deadline_ms / 1000


def store_due_fields(client):
    for i in range(DUE):
        client.send("HSET", "hash", f"due:{i:012d}", "v")
    deadline_ms = int((time.time() + LEAD_S) * 1000)
    for i in range(DUE):
        client.send("HPEXPIREAT", "hash", deadline_ms, "FIELDS", 1, f"due:{i:012d}")
    for _ in range(2 * DUE):
        client.read()
    return deadline_ms / 1000


def subscribe(server, client):
    client.call("CONFIG", "SET", "notify-keyspace-events", "Ex")
    return Arrivals(server.port, CHANNEL)


def expired_keys(client):
    """The server's own count of expired keys (0 when its INFO does not say)."""
    found = re.search(rb"expired_keys:(\d+)", client.call("INFO", "stats"))
    return int(found[1]) if found else 0


def watch_them_go(client, count, arrivals, others, deadline, cap_s):
    """Polls the command `count`; returns for each that is due how long after the deadline it was
    seen gone, in seconds."""
    lags = []
    while len(lags) < DUE and time.time() < deadline + cap_s:
        gone = others + DUE - client.call(*count)
        lag = time.time() - deadline
        lags += [lag] * (gone - len(lags))
        if arrivals:
            arrivals.poll()
        time.sleep(POLL_S)
    return lags


def await_last(arrivals):
    """What is on its way when the last one is seen gone."""
    end = time.time() + LINGER_S
    while time.time() < end:
        arrivals.poll()
        time.sleep(POLL_S)


def lag_metrics(kind, lags, cap_s):
    cap_ms = cap_s * 1000
    milliseconds = [lag * 1000 for lag in lags]
    return {f"{kind} arrived": len(lags),
            f"{kind} p50": quantile(milliseconds, 0.5, DUE, cap_ms),
            f"{kind} p99": quantile(milliseconds, 0.99, DUE, cap_ms),
            f"{kind} max": quantile(milliseconds, 1, DUE, cap_ms)}


def measure_keys(context, server, client, others, cap_s):
    context.load.flood(server, ["SET", "key:__seq__", "__value:16__", "PX", TTL],
                       requests=others, clients=2, pipeline=64)
    arrivals = subscribe(server, client)
    deadline = store_due_keys(client)
    lags = watch_them_go(client, ["DBSIZE"], arrivals, others, deadline, cap_s)
    await_last(arrivals)
    events = [at - deadline for at in arrivals.times()]
    arrivals.close()
    return {**lag_metrics("gone", lags, cap_s), **lag_metrics("event", events, cap_s),
            "counted": expired_keys(client)}


def measure_fields(context, server, client, others, cap_s):
    if not server.knows("HPEXPIRE"):
        return {}
    client.call("FLUSHALL")
    for command in (["HSET", "hash", "f:__seq__", "__value:16__"],
                    ["HPEXPIRE", "hash", TTL, "FIELDS", "1", "f:__seq__"]):
        context.load.flood(server, command, requests=others, clients=2, pipeline=64)
    deadline = store_due_fields(client)
    lags = watch_them_go(client, ["HLEN", "hash"], None, others, deadline, cap_s)
    return lag_metrics("field", lags, cap_s)


def measure(name, context):
    cap_s = context.choose(30, 5)
    others = OTHERS // context.choose(1, 4)
    with context.server(name) as server:
        server.start()
        with server.client() as client:
            return {**measure_keys(context, server, client, others, cap_s),
                    **measure_fields(context, server, client, others, cap_s)}


def report(data):
    lag = Table("1000 due together among 1 M other TTLs: how late",
                ["", "came", "p50", "p99", "max", "INFO expired_keys"])
    checks = []
    for kind, (title, what) in KINDS.items():
        for server in data.servers():
            if data.median(server, f"{kind} p99") is None:
                continue
            lag.rows.append([f"{server}, {title}",
                             data.cell(server, f"{kind} arrived", fixed(0)) + f" of {DUE}",
                             *(data.cell(server, f"{kind} {q}", fixed(1, " ms"))
                               for q in ("p50", "p99", "max")),
                             data.cell(server, "counted", fixed(0))])
        p99, came = data.median("tarn", f"{kind} p99"), data.median("tarn", f"{kind} arrived")
        if p99 is None:
            continue
        passed = bool(at_most(p99, BAR_P99_MS) and at_least(came, DUE))
        checks.append(Check(f"{what}, of {DUE}",
                            data.cell("redis", f"{kind} arrived", fixed(0)) + " came",
                            f"{came:.0f} came, p99 {p99:.1f} ms", "–",
                            f"all, p99 ≤ {BAR_P99_MS} ms", passed))
    bars = [("Keys expired of 1000 that are due, among 1 M other TTLs", "within the time limit",
             {server: data.median(server, "gone arrived") for server in SERVERS})]
    note = "What did not come within 30 s (--quick: 5 s) counts with that time in the quantiles."
    return Report([lag], checks, bars, [note])
