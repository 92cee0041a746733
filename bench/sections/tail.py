"""PING latency while keys are inserted: p50, p99, p99.9 and the longest."""

from harness.results import Check, Report, Table, at_most, fixed, kilo, times

SERVERS = ["redis", "memcached", "tarn"]
MAX_ROUNDS = 2
RUNS = 3  # of each round

KEYS = 8_000_000
CLIENTS = 50
PIPELINE = 16
PROBE_HZ = 2000
QUANTILES = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p999_us", "max": "max_us"}
# The same with what the prober itself had to wait for the processor; and how much that was.
WITH_WAITS = {"p99.9 with the prober's waits": "noted_p999_us", "max with them": "noted_max_us",
              "longest of them": "late_max_us"}
BARS_MS = {"p99.9": 1.0, "max": 3.0}


def insert(name, context):
    with context.server(name) as server:
        server.start()
        command = (["set key:__seq__ 0 0 16\\r\\n__value:16__\\r\\n"]
                   if server.protocol == "memcached" else ["SET", "key:__seq__", "__value:16__"])
        return context.load.metered_flood(server, command,
                                          requests=context.choose(KEYS, KEYS // 8),
                                          clients=CLIENTS, pipeline=PIPELINE, probe_hz=PROBE_HZ)


def measure(name, context):
    """Of three runs the one in which the server waited least for its processor: what others on the
    machine take from it for some milliseconds is the longest PING of a run, and its p99.9."""
    figures = min((insert(name, context) for _ in range(RUNS)), key=lambda f: f["server_waited"])
    metrics = {title: figures[key] / 1000 for title, key in (QUANTILES | WITH_WAITS).items()}
    metrics["rps"] = figures["rps"]
    metrics["in doubt"] = figures["pings_in_doubt"]
    return metrics


def report(data):
    table = Table(f"PING while 8 M keys are inserted ({CLIENTS} clients, pipeline {PIPELINE})",
                  ["", *QUANTILES, "inserts/s", *WITH_WAITS, "PINGs that met them"])
    out = Report([table])
    for server in data.servers():
        table.rows.append([
            server, *(data.cell(server, title, fixed(2, " ms")) for title in QUANTILES),
            data.cell(server, "rps", kilo),
            *(data.cell(server, title, fixed(2, " ms")) for title in WITH_WAITS),
            data.cell(server, "in doubt", fixed(0))])
    for title, bar in BARS_MS.items():
        ours = data.median("tarn", title)
        out.checks.append(Check(f"PING {title} during inserts",
                                data.cell("redis", title, fixed(2, " ms")),
                                data.cell("tarn", title, fixed(2, " ms")),
                                times(data.ratio(title)), f"≤ {bar:.0f} ms", at_most(ours, bar)))
    for title in QUANTILES:
        out.bars.append(("PING latency during inserts, ms", title,
                         {server: data.median(server, title) for server in data.servers()}))
    return out
