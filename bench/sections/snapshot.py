"""SAVE of JSON values: its time, its file, and loading that again."""

import time

from harness.results import Check, Report, Table, at_most, fixed, times
from harness.servers import BenchError

SERVERS = ["redis", "tarn"]
MAX_ROUNDS = 2

KEYS = 3_000_000
VALUE = ('{"id":"__seq:8__","name":"user __rand:6__","score":__num:100000:999999__,'
         '"active":true}')
FIGURES = [("SAVE", "save_s", fixed(2, " s"), 0.4), ("file", "file_mb", fixed(1, " MB"), 0.35),
           ("load", "load_s", fixed(2, " s"), 0.4)]


def measure(name, context):
    keys = KEYS // context.choose(1, 6)
    with context.server(name) as server:
        server.start()
        context.load.flood(server, ["SET", "key:__seq__", VALUE], requests=keys, clients=2,
                           pipeline=64)
        with server.client() as client:
            began = time.monotonic()
            client.call("SAVE")
            save_s = time.monotonic() - began
        file_bytes = (server.directory / "dump.rdb").stat().st_size
        server.stop()
        began = time.monotonic()
        server.start()
        load_s = time.monotonic() - began
        with server.client() as client:
            loaded = client.call("DBSIZE")
    if loaded != keys:
        raise BenchError(f"{loaded} of {keys} keys were loaded")
    return {"save_s": save_s, "file_mb": file_bytes / 1e6, "load_s": load_s}


def report(data):
    table = Table("Snapshot of 3 M JSON values", ["", "redis", "tarn", "ratio", "bar", ""])
    out = Report([table])
    for title, metric, show, bar in FIGURES:
        ratio = data.ratio(metric)
        check = Check(f"snapshot {title}", *(data.cell(server, metric, show)
                                             for server in SERVERS),
                      times(ratio), f"≤ {bar}×", at_most(ratio, bar))
        out.checks.append(check)
        table.rows.append([title, check.others, check.tarn, check.ratio, check.bar, check.verdict])
        out.bars.append(("Snapshot of JSON values (s, MB)", title,
                         {server: data.median(server, metric) for server in SERVERS}))
    return out
