"""Server CPU of ZRANGE by rank, and of ZRANK, in a sorted set of ten million members."""

import random
import socket
import time
from dataclasses import dataclass

from harness.results import Check, Report, Table, at_least, fixed, kilo, qualified, times
from harness.servers import BenchError

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 1  # filling ten million takes most of the time, and thousands of requests even out

MEMBERS = 10_000_000
MEMBER = "m{:011d}"
SEED = 20
BATCH = 100
BATCHES = 300
BAR = 3.0


@dataclass(frozen=True)
class Case:
    name: str
    members: int  # in a reply
    bar: float | None = None
    command: str = "ZRANGE"

    def request(self, rank):
        return (("ZRANK", "zset", MEMBER.format(rank)) if self.command == "ZRANK" else
                ("ZRANGE", "zset", str(rank), str(rank + self.members - 1)))

    def reply(self, rank):
        """What must come: members are numbered by rank."""
        if self.command == "ZRANK":
            return f":{rank}\r\n"
        members = (MEMBER.format(i) for i in range(rank, rank + self.members))
        return f"*{self.members}\r\n" + "".join(f"${len(m)}\r\n{m}\r\n" for m in members)


CASES = [Case("ZRANGE, 1 member", 1, BAR), Case("ZRANGE, 10 members", 10, BAR),
         Case("ZRANGE, 100 members", 100), Case("ZRANK", 0, command="ZRANK")]


def encode(words):
    return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)


def exchange(connection, case, ranks):
    """One batch; what comes back is compared with what must come, byte for byte."""
    connection.sendall("".join(encode(case.request(rank)) for rank in ranks).encode())
    expected = "".join(case.reply(rank) for rank in ranks).encode()
    received = bytearray()
    while len(received) < len(expected):
        data = connection.recv(1 << 18)
        if not data:
            raise BenchError("the server closed the connection")
        received += data
    if received != expected:
        raise BenchError(f"{case.name}: a wrong reply: {bytes(received[:80])}")


def run_case(context, server, case, members):
    draw = random.Random(SEED)
    batches = BATCHES // context.choose(1, 4)
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before, _ = server.scheduling()
        for _ in range(batches):
            ranks = [draw.randrange(members // 10, members * 9 // 10) for _ in range(BATCH)]
            exchange(connection, case, ranks)
        after, _ = server.scheduling()
    return (after - before) * 1e6 / (batches * BATCH)


def measure(name, context):
    members = MEMBERS // context.choose(1, 10)
    metrics = {}
    with context.server(name) as server:
        server.start()
        filled = context.load.flood(server, ["ZADD", "zset", "__perm__", "m__perm:11__"],
                                    keyspace=members, requests=members, clients=2, pipeline=64,
                                    seconds=600)
        metrics["fill rps"] = filled["rps"]
        time.sleep(0.2)
        for case in CASES:
            metrics[case.name] = run_case(context, server, case, members)
    return metrics


def report(data):
    table = Table("Server CPU a request at random ranks among 10 M, batches of 100",
                  ["", "redis", "tarn", "less CPU", "bar", ""])
    out = Report([table])
    show = fixed(2, " µs")
    for case in CASES:
        ratio = data.ratio(case.name, server="redis", base="tarn")
        check = Check(f"{case.name} of 10 M by rank", data.cell("redis", case.name, show),
                      data.cell("tarn", case.name, show), qualified(ratio, "CPU"),
                      f"≥ {case.bar}× less CPU" if case.bar else "", at_least(ratio, case.bar))
        if case.bar:
            out.checks.append(check)
        table.rows.append([case.name, check.others, check.tarn, times(ratio), check.bar,
                           check.verdict])
        out.bars.append(("Server CPU by rank among 10 M, µs", case.name,
                         {server: data.median(server, case.name) for server in SERVERS}))
    table.rows.append(["ZADD in random order, a second",
                       *(data.cell(server, "fill rps", kilo) for server in SERVERS),
                       times(data.ratio("fill rps")), "", ""])
    return out
