"""Hit ratio of a cache of 16 MB on three traces."""

from harness.results import Check, Report, Table, at_least

SERVERS = ["redis", "memcached", "tarn"]
MAX_ROUNDS = 1  # the traces are the same every time

TRACES = ["zipf", "scan", "shift"]
POLICIES = {"redis": ["allkeys-lru", "allkeys-lfu"], "tarn": ["allkeys-lru", "allkeys-lfu"],
            "memcached": ["LRU"]}
BAR_POINTS = 3.0
REQUESTS = 2_000_000
KEYSPACE = 600_000


def start(server, name, policy):
    if name == "memcached":
        return server.start(m=16)
    return server.start(maxmemory="16mb", maxmemory_policy=policy)


def measure(name, context):
    metrics = {}
    for policy in POLICIES[name]:
        for trace in TRACES:
            with context.server(name) as server:
                start(server, name, policy)
                figures = context.load.flood(server, [], trace=trace, keyspace=KEYSPACE,
                                             requests=REQUESTS // context.choose(1, 4))
                metrics[f"{policy} {trace}"] = 100 * figures["hits"] / figures["requests"]
    return metrics


def best(data, names, trace):
    """The best (hit ratio, server, policy) on a trace."""
    found = [(data.median(name, f"{policy} {trace}"), name, policy)
             for name in names for policy in POLICIES[name]]
    return max((one for one in found if one[0] is not None), default=None)


def our_policy(data):
    """One policy for all traces: the one with the best mean."""
    def mean(policy):
        return sum(data.median("tarn", f"{policy} {trace}") or 0 for trace in TRACES)

    return max(POLICIES["tarn"], key=mean)


def report(data):
    table = Table("Hit ratio in 16 MB, values of 100 bytes", ["", *TRACES])
    out = Report([table])
    for server in data.servers():
        for policy in POLICIES[server]:
            values = [data.median(server, f"{policy} {trace}") for trace in TRACES]
            table.rows.append([f"{server}, {policy}",
                               *("–" if v is None else f"{v:.1f} %" for v in values)])
    policy = our_policy(data)
    for trace in TRACES:
        peer = best(data, ["redis", "memcached"], trace)
        ours = data.median("tarn", f"{policy} {trace}")
        gain = ours - peer[0] if ours is not None and peer else None
        out.checks.append(Check(
            f"hit ratio, {trace}", f"{peer[0]:.1f} % ({peer[1]}, {peer[2]})" if peer else "–",
            "–" if ours is None else f"{ours:.1f} % ({policy})",
            "–" if gain is None else f"{gain:+.1f} points", f"≥ +{BAR_POINTS:.0f} points",
            at_least(gain, BAR_POINTS)))
        out.bars.append(("Hit ratio in 16 MB, %", trace,
                         {"redis": (best(data, ["redis"], trace) or [None])[0],
                          "memcached": data.median("memcached", f"LRU {trace}"), "tarn": ours}))
    return out
