"""The longest PING while large things are deleted."""

import time
from dataclasses import dataclass

from harness.results import Report, Table, fixed, times

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 2

STRING_BYTES = 200_000_000
HASH_FIELDS = 1_000_000
KEYS = 2_000_000
HASH = "hash of 1 M fields"
BEFORE_S = 0.2
AFTER_S = 1.0


@dataclass(frozen=True)
class Case:
    command: tuple
    what: str  # which preparation it needs

    @property
    def name(self):
        return f"{' '.join(word for word in self.command if word != 'big')}, {self.what}"


CASES = [Case(("DEL", "big"), "200 MB string"), Case(("UNLINK", "big"), "200 MB string"),
         Case(("DEL", "big"), HASH), Case(("UNLINK", "big"), HASH),
         Case(("FLUSHALL",), "2 M keys"), Case(("FLUSHALL", "ASYNC"), "2 M keys")]


def prepare(context, server, what):
    if what == "2 M keys":
        context.load.fill(server, KEYS // context.choose(1, 4))
    elif what == HASH:
        context.load.flood(server, ["HSET", "big", "field:__seq__", "__value:16__"], clients=2,
                           pipeline=64, requests=HASH_FIELDS // context.choose(1, 4))
    else:
        with server.client() as client:
            client.call("SET", "big", b"x" * STRING_BYTES)


def measure(name, context):
    metrics = {}
    with context.server(name) as server:
        server.start()
        for case in CASES:
            prepare(context, server, case.what)
            with server.client() as client, context.load.probe(server) as probe:
                time.sleep(BEFORE_S)
                client.call(*case.command)
                time.sleep(AFTER_S)
            metrics[case.name] = probe.figures["max_us"] / 1000
    return metrics


def report(data):
    table = Table("The longest PING meanwhile", ["", "redis", "tarn", "ratio"])
    out = Report([table])
    for case in CASES:
        table.rows.append([case.name, *(data.cell(server, case.name, fixed(2, " ms"))
                                        for server in SERVERS), times(data.ratio(case.name))])
        out.bars.append(("The longest PING while deleting, ms", case.name,
                         {server: data.median(server, case.name) for server in SERVERS}))
    return out
