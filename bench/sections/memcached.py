"""memcached's text and binary protocols: get and set, pipelines of 1 and 32, large values, memory."""

from harness.results import Check, Report, Table, at_least, at_most, fixed, kilo, qualified, times

SERVERS = ["memcached", "tarn"]
MAX_ROUNDS = 5

KEYSPACE = 1_000_000
BUSY = 0.95
GET = "get key:__rand__\\r\\n"
SET = "set key:__rand__ 0 0 16\\r\\n__value:16__\\r\\n"
# Packets: header, extras of a set (flags and exptime), key, value.
ZEROS = "\\x00" * 12
GET_PACKET = "\\x80\\x00\\x00\\x10" + "\\x00" * 7 + "\\x10" + ZEROS + "key:__rand__"
SET_PACKET = ("\\x80\\x01\\x00\\x10\\x08" + "\\x00" * 6 + "\\x28" + ZEROS + "\\x00" * 8 +
              "key:__rand____value:16__")
CASES = [("get P1", 1, GET, 250_000, 1.0), ("set P1", 1, SET, 250_000, 1.0),
         ("get P32", 32, GET, 2_000_000, 1.5), ("set P32", 32, SET, 1_500_000, 1.5),
         ("binary get P1", 1, GET_PACKET, 250_000, 1.0),
         ("binary set P1", 1, SET_PACKET, 250_000, 1.0),
         ("binary get P32", 32, GET_PACKET, 2_000_000, 1.5),
         ("binary set P32", 32, SET_PACKET, 1_500_000, 1.5)]
# Title, pipeline, bytes of a value, how many of them there are, requests, bar. 1 MB is what fits
# under memcached's limit of an item.
LARGE = [("get 10 KB", 16, 10_000, 20_000, 100_000, 1.0), ("get 1 MB", 1, 1_000_000, 50, 10_000, 1.0)]
BYTES_BAR = 0.65


def measure(name, context):
    metrics = {}
    with context.server(name) as server:
        if name == "tarn":
            port = context.second_port()
            server.start(memcached_port=port)
            server = server.speaking_memcached(port)
        else:
            server.start()
        empty = server.rss_bytes()
        context.load.fill(server, KEYSPACE)
        metrics["item_bytes"] = (server.rss_bytes() - empty) / KEYSPACE
        for title, pipeline, request, requests, _ in CASES:
            figures = context.load.metered_flood(server, [request], pipeline=pipeline,
                                                 requests=requests // context.choose(1, 5),
                                                 keyspace=KEYSPACE)
            metrics[f"{title} rps"] = figures["rps"]
            metrics[f"{title} cpu_us"] = figures["cpu_us"]
            metrics[f"{title} busy"] = figures["server_busy"]
        for title, pipeline, value_bytes, keys, requests, _ in LARGE:
            # In place of the first of the small ones.
            context.load.fill(server, keys, value_bytes=value_bytes, pipeline=1)
            # Of three runs the one that took least, as what others do on the machine takes of the
            # memory's speed, which is what limits both.
            figures = min((context.load.metered_flood(server, [GET], pipeline=pipeline,
                                                      requests=requests // context.choose(1, 5),
                                                      keyspace=keys) for _ in range(3)),
                          key=lambda f: f["cpu_us"])
            metrics[f"{title} rps"] = figures["rps"]
            metrics[f"{title} cpu_us"] = figures["cpu_us"]
            metrics[f"{title} busy"] = figures["server_busy"]
    return metrics


def faster(data, title):
    cpu = data.ratio(f"{title} cpu_us", base="memcached")
    busy = data.median("tarn", f"{title} busy")
    if busy is not None and busy < BUSY and cpu:
        return 1 / cpu, "CPU"
    return data.ratio(f"{title} rps", base="memcached"), "rate"


def report(data):
    table = Table("memcached's protocols (memcached -t 1)",
                  ["", "memcached/s", "memcached CPU", "tarn/s", "tarn CPU", "ratio", "bar", ""])
    out = Report([table])
    bars = [(case[0], case[-1]) for case in CASES + LARGE]
    for title, bar in bars:
        value, by = faster(data, title)
        rps = {server: data.cell(server, f"{title} rps", kilo) for server in SERVERS}
        cpu = {server: data.cell(server, f"{title} cpu_us", fixed(2, " µs")) for server in SERVERS}
        check = Check(f"memcached {title}", rps["memcached"], rps["tarn"], qualified(value, by),
                      f"≥ {bar}×", at_least(value, bar))
        out.checks.append(check)
        table.rows.append([title, rps["memcached"], cpu["memcached"], rps["tarn"], cpu["tarn"],
                           check.ratio, check.bar, check.verdict])
        out.bars.append(("memcached protocol, requests a second", title,
                         {server: data.median(server, f"{title} rps") for server in SERVERS}))
    ratio = data.ratio("item_bytes", base="memcached")
    cells = {server: data.cell(server, "item_bytes", fixed(1, " B")) for server in SERVERS}
    out.checks.append(Check("memcached bytes an item, 16 + 16", cells["memcached"], cells["tarn"],
                            times(ratio), f"≤ {BYTES_BAR}×", at_most(ratio, BYTES_BAR)))
    return out
