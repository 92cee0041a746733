"""SET with an append-only file: `always` over `everysec` at P1, and both at P16."""

from harness.results import Check, Report, Table, at_least, kilo, times

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 3

POLICIES = ["everysec", "always"]
KEYSPACE = 100_000
COMMAND = ("SET", "key:__rand__", "__value:16__")
BAR = 0.9
P16_BAR = 1.5


def measure(name, context):
    metrics = {}
    for policy in POLICIES:
        with context.server(name) as server:
            server.start(appendonly="yes", appendfsync=policy)
            figures = context.load.redis_benchmark(
                server, COMMAND, context.choose(200_000, 20_000), KEYSPACE)
            metrics[policy] = figures["rps"]
            figures = context.load.flood(
                server, ["SET", f"key:__num:{KEYSPACE}:{2 * KEYSPACE - 1}__", "__value:16__"],
                requests=context.choose(2_000_000, 200_000), clients=50, pipeline=16)
            metrics[f"{policy} P16"] = figures["rps"]
    metrics["ratio"] = metrics["always"] / metrics["everysec"]
    return metrics


def report(data):
    table = Table("SET with an append-only file, 50 clients",
                  ["", "everysec P1", "always P1", "always ÷ everysec", "everysec P16",
                   "always P16"])
    for server in SERVERS:
        table.rows.append([server, *(data.cell(server, policy, kilo) for policy in POLICIES),
                           times(data.median(server, "ratio")),
                           *(data.cell(server, f"{policy} P16", kilo) for policy in POLICIES)])
    ours = data.median("tarn", "ratio")
    checks = [Check("`appendfsync always` over `everysec`, P1",
                    times(data.median("redis", "ratio")), times(ours), "–", f"≥ {BAR}",
                    at_least(ours, BAR))]
    for policy in POLICIES:
        metric = f"{policy} P16"
        ratio = data.ratio(metric)
        checks.append(Check(f"SET with `appendfsync {policy}`, P16",
                            *(data.cell(server, metric, kilo) for server in SERVERS),
                            times(ratio), f"≥ {P16_BAR}×", at_least(ratio, P16_BAR)))
    bars = [("SET/s with an append-only file", metric,
             {server: data.median(server, metric) for server in SERVERS})
            for metric in (*POLICIES, *(f"{policy} P16" for policy in POLICIES))]
    return Report([table], checks, bars)
