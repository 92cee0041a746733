"""Memory and throughput of 1 KB JSON documents, kept plain and compressed."""

import contextlib
import time
from statistics import median

from harness.results import Check, Report, Table, at_least, at_most, fixed, kilo, times
from harness.servers import BenchError

SERVERS = ["tarn"]
MAX_ROUNDS = 5

KEYS = 200_000
LIMIT_S = 120
TURNS = 4
MEMORY_BAR = 0.7
THROUGHPUT_BAR = 0.95
FORMS = {"plain": "no", "compressed": "yes"}

ITEM = ('{"sku": "SKU-__num:100000:999999__", "quantity": __num:1:9__, '
        '"price": __num:10:99__.__num:10:99__, "discount": __num:0:9__}')
DOCUMENT = (
    '{"id": __rand__, "customer": {"first_name": "Barbara", "last_name": "Lovelace", '
    '"email": "user__num:1000000:9999999__@example.com", "active": true}, '
    '"address": {"street": "__num:100:299__ Hopper Street", "city": "Lisbon", '
    '"zip": "__num:10000:99999__"}, "created_at": "2026-__num:10:12__-__num:10:28__T08:30:00Z", '
    '"token": "__num:100000000000:999999999999____num:100000000000:999999999999__", '
    f'"items": [{", ".join([ITEM] * 9)}]}}')
GET = ("GET", "doc:__rand__")
SET = ("SET", "doc:__rand__", DOCUMENT)
# Reads come first: writes leave plain values behind, faster than they are compressed again.
CASES = [("GET", GET, 1, 500_000), ("GET", GET, 16, 600_000), ("GET", GET, 100, 600_000),
         ("SET", SET, 1, 1_500_000), ("SET", SET, 16, 400_000)]


def memory(client):
    lines = client.call("INFO", "memory").decode().splitlines()
    return {name: value for name, _, value in (line.partition(":") for line in lines)}


def fill(context, server, keys):
    context.load.flood(server, ["SET", "doc:__seq__", DOCUMENT], requests=keys, keyspace=keys,
                       clients=2, pipeline=16)


def used_by(client, form, keys):
    """What is used once the walks are over."""
    deadline = time.monotonic() + LIMIT_S
    while form == "compressed" and int(memory(client)["compressed_values"]) < 0.98 * keys:
        if time.monotonic() > deadline:
            raise BenchError(f"not all is compressed after {LIMIT_S} s")
        time.sleep(0.1)
    return int(memory(client)["used_memory"])


def flood_in_turns(context, servers, words, pipeline, requests, keys):
    """A part of the load on one server, a part on the other: what slows the machine down for some
    seconds slows down both. Returns each one's figures, medians of the parts."""
    parts = {form: [] for form in servers}
    for turn in range(TURNS):
        for form in list(servers)[:: 1 if turn % 2 == 0 else -1]:
            parts[form].append(context.load.metered_flood(
                servers[form], words, requests=requests // TURNS, keyspace=keys,
                pipeline=pipeline))
    return {form: {figure: median(part[figure] for part in parts[form])
                   for figure in ("rps", "cpu_us")} for form in servers}


def measure(name, context):
    keys = KEYS // context.choose(1, 4)
    metrics = {}
    with contextlib.ExitStack() as stack:
        servers = {}
        for form, option in FORMS.items():
            server = servers[form] = stack.enter_context(context.server(name))
            server.start(compress_values=option)
            with server.client() as client:
                empty = int(memory(client)["used_memory"])
                fill(context, server, keys)
                metrics[f"{form} bytes"] = (used_by(client, form, keys) - empty) / keys
        for command, words, pipeline, requests in CASES:
            figures = flood_in_turns(context, servers, words, pipeline,
                                     requests // context.choose(1, 4), keys)
            for form in servers:
                metrics[f"{form} {command} P{pipeline} rps"] = figures[form]["rps"]
                metrics[f"{form} {command} P{pipeline} cpu"] = figures[form]["cpu_us"]
    return metrics


def ratio(data, metric):
    plain = data.median("tarn", f"plain {metric}")
    compressed = data.median("tarn", f"compressed {metric}")
    return None if not plain or compressed is None else compressed / plain


def report(data):
    table = Table("JSON documents of 1 KB", ["", *FORMS, "ratio"])
    out = Report([table])

    def row(title, metric, show):
        table.rows.append([title, *(data.cell("tarn", f"{form} {metric}", show) for form in FORMS),
                           times(ratio(data, metric))])

    row("bytes a key", "bytes", fixed(0, " B"))
    for command, _, pipeline, _ in CASES:
        row(f"{command} P{pipeline}, requests a second", f"{command} P{pipeline} rps", kilo)
        row(f"{command} P{pipeline}, CPU a request", f"{command} P{pipeline} cpu", fixed(2, " µs"))

    def check(title, metric, bar, holds):
        out.checks.append(Check(title, data.cell("tarn", f"plain {metric}", fixed(0)),
                                data.cell("tarn", f"compressed {metric}", fixed(0)),
                                times(ratio(data, metric)), bar, holds))

    check("memory of compressed JSON", "bytes", f"≤ {MEMORY_BAR}×",
          at_most(ratio(data, "bytes"), MEMORY_BAR))
    for command in ("GET", "SET"):
        check(f"{command} P1 of compressed JSON", f"{command} P1 rps", f"≥ {THROUGHPUT_BAR}×",
              at_least(ratio(data, f"{command} P1 rps"), THROUGHPUT_BAR))
    return out
