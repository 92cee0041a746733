"""Intersections, unions and differences of two sets and of two sorted sets of a million members."""

from dataclasses import dataclass

from harness.results import Check, Report, Table, at_least, fixed, qualified, times
from harness.servers import BenchError

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 2

MEMBERS = 1_000_000
SHARED = MEMBERS // 2  # the second set begins in the middle of the first
REPEATS = 2
BAR = 2.0


@dataclass(frozen=True)
class Case:
    command: tuple
    members: float  # of the result, as a multiple of MEMBERS

    @property
    def name(self):
        return self.command[0]

    @property
    def stores(self):
        return self.name.endswith("STORE")


CASES = [
    Case(("SINTER", "set:a", "set:b"), 0.5),
    Case(("SUNION", "set:a", "set:b"), 1.5),
    Case(("SDIFF", "set:a", "set:b"), 0.5),
    Case(("SINTERSTORE", "result", "set:a", "set:b"), 0.5),
    Case(("SUNIONSTORE", "result", "set:a", "set:b"), 1.5),
    Case(("SDIFFSTORE", "result", "set:a", "set:b"), 0.5),
    Case(("ZINTERSTORE", "result", "2", "zset:a", "zset:b"), 0.5),
    Case(("ZUNIONSTORE", "result", "2", "zset:a", "zset:b"), 1.5),
]


def preload(context, server, members):
    for name, first in (("a", 0), ("b", members - members // 2)):
        for command in (["SADD", f"set:{name}", "m__seq:11__"],
                        ["ZADD", f"zset:{name}", "__num:100000:999999__", "m__seq:11__"]):
            context.load.flood(server, command, requests=members, first=first, clients=2,
                               pipeline=64)


def require_result(server, case, members):
    """A wrong result is no result."""
    count = "ZCARD" if case.name.startswith("Z") else "SCARD"
    with server.client() as client:
        found = client.call(count, "result")
        client.call("DEL", "result")
    if found != int(case.members * members):
        raise BenchError(f"{server.label}: {case.name} made {found} members")


def measure(name, context):
    members = MEMBERS // context.choose(1, 4)
    metrics = {}
    with context.server(name) as server:
        server.start()
        preload(context, server, members)
        for case in CASES:
            figures = context.load.metered_flood(server, case.command, requests=REPEATS, clients=1)
            if case.stores:
                require_result(server, case, members)
            metrics[f"{case.name} ms"] = figures["seconds"] * 1000 / REPEATS
            metrics[f"{case.name} cpu_ms"] = figures["cpu_us"] / 1000
    return metrics


def report(data):
    table = Table("Two sets, two sorted sets of 1 M members each, half of them shared",
                  ["", "redis", "redis CPU", "tarn", "tarn CPU", "faster", "less CPU", "bar", ""])
    out = Report([table])
    show = fixed(0, " ms")
    for case in CASES:
        elapsed, cpu = f"{case.name} ms", f"{case.name} cpu_ms"
        ratio = data.ratio(cpu, server="redis", base="tarn")
        check = Check(case.name, data.cell("redis", cpu, show), data.cell("tarn", cpu, show),
                      qualified(ratio, "CPU"), f"≥ {BAR}× less CPU", at_least(ratio, BAR))
        out.checks.append(check)
        table.rows.append([
            case.name, data.cell("redis", elapsed, show), check.others,
            data.cell("tarn", elapsed, show), check.tarn,
            times(data.ratio(elapsed, server="redis", base="tarn")), times(ratio), check.bar,
            check.verdict])
        out.bars.append(("Set algebra over 1 M members each, ms", case.name,
                         {server: data.median(server, elapsed) for server in SERVERS}))
    out.notes.append("The times are those of the client, which reads the whole reply; the bar "
                     "compares the server's CPU time.")
    return out
