"""SET at P1 with `appendfsync always` over `everysec`."""

from harness.results import Check, Report, Table, at_least, kilo, times

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 3

POLICIES = ["everysec", "always"]
KEYSPACE = 100_000
BAR = 0.9


def measure(name, context):
    metrics = {}
    for policy in POLICIES:
        with context.server(name) as server:
            server.start(appendonly="yes", appendfsync=policy)
            figures = context.load.redis_benchmark(
                server, ("SET", "key:__rand__", "__value:16__"), context.choose(200_000, 20_000),
                KEYSPACE)
            metrics[policy] = figures["rps"]
    metrics["ratio"] = metrics["always"] / metrics["everysec"]
    return metrics


def report(data):
    table = Table("SET with an append-only file, 50 clients, P1",
                  ["", "everysec", "always", "always ÷ everysec"])
    for server in SERVERS:
        table.rows.append([server, *(data.cell(server, policy, kilo) for policy in POLICIES),
                           times(data.median(server, "ratio"))])
    ours = data.median("tarn", "ratio")
    check = Check("`appendfsync always` over `everysec`", times(data.median("redis", "ratio")),
                  times(ours), "–", f"≥ {BAR}", at_least(ours, BAR))
    bars = [("SET/s with an append-only file", policy,
             {server: data.median(server, policy) for server in SERVERS}) for policy in POLICIES]
    return Report([table], [check], bars)
