"""Statistics of two servers that speak memcached's protocol: their names, and what they count."""

# Not cmd_meta: memcached counts mg and me there, and no other meta command.
COUNTERS = [
    b"cmd_get", b"cmd_set", b"cmd_flush", b"cmd_touch", b"get_hits", b"get_misses",
    b"delete_hits", b"delete_misses", b"incr_hits", b"incr_misses", b"decr_hits", b"decr_misses",
    b"cas_hits", b"cas_misses", b"cas_badval", b"touch_hits", b"touch_misses", b"store_too_large",
    b"curr_items", b"total_items",
]  # fmt: skip
RECLAIMED = b"reclaimed"
# What monitoring asks for, beyond the counters.
NAMES = [
    b"cmd_meta", b"pid", b"uptime", b"time", b"version", b"pointer_size", b"rusage_user", b"rusage_system",
    b"max_connections", b"curr_connections", b"total_connections", b"auth_cmds", b"auth_errors",
    b"bytes_read", b"bytes_written", b"limit_maxbytes", b"accepting_conns", b"threads", b"bytes",
    b"evictions", b"get_expired", b"get_flushed", b"reclaimed", b"rejected_connections",
]  # fmt: skip
SETTINGS = [b"maxbytes", b"maxconns", b"tcpport", b"inter", b"verbosity", b"evictions",
            b"num_threads", b"item_size_max", b"cas_enabled", b"flush_enabled"]  # fmt: skip

# What each of these counts is compared. `#` stands for the CAS number of k.
COUNTED = [
    (b"get k\r\n", 1), (b"set k 0 0 1\r\nv\r\n", 1), (b"set k 0 0 1\r\nv\r\n", 1),
    (b"get k\r\n", 3), (b"get k no k\r\n", 5), (b"gets k\r\n", 3), (b"add k 0 0 1\r\nv\r\n", 1),
    (b"add k2 0 0 1\r\nv\r\n", 1), (b"replace no 0 0 1\r\nv\r\n", 1),
    (b"replace k 0 0 1\r\nv\r\n", 1), (b"append k 0 0 1\r\nv\r\n", 1),
    (b"append no 0 0 1\r\nv\r\n", 1), (b"prepend k 0 0 1\r\nv\r\n", 1),
    (b"cas k 0 0 1 #\r\nv\r\n", 1), (b"cas k 0 0 1 987654321987654321\r\nv\r\n", 1),
    (b"cas no 0 0 1 5\r\nv\r\n", 1), (b"touch k 0\r\n", 1), (b"touch no 0\r\n", 1),
    (b"gat 0 k\r\n", 3), (b"gat 0 no\r\n", 1), (b"gats 0 k no\r\n", 3),
    (b"set n 0 0 1\r\n5\r\n", 1), (b"incr n 1\r\n", 1), (b"incr no 1\r\n", 1),
    (b"incr k 1\r\n", 1), (b"decr n 1\r\n", 1), (b"decr no 1\r\n", 1), (b"delete n\r\n", 1),
    (b"delete n\r\n", 1), (b"mg k v\r\n", 2), (b"mg no v\r\n", 1), (b"mg k T0\r\n", 1),
    (b"ms k 1\r\nv\r\n", 1), (b"ms k 1 ME\r\nv\r\n", 1),
    (b"ms k 1 C#\r\nv\r\n", 1), (b"ms k 1 C987654321987654321\r\nv\r\n", 1),
    (b"ms no 1 MA\r\nv\r\n", 1), (b"set made 0 0 1\r\n0\r\n", 1), (b"ma made\r\n", 1), (b"ma no\r\n", 1),
    (b"ma made MD\r\n", 1), (b"mg vivified N30\r\n", 1), (b"mg touched N30 T30\r\n", 1),
    (b"ma counted N0\r\n", 1), (b"md k C987654321987654321\r\n", 1), (b"md k I\r\n", 1),
    (b"md no I\r\n", 1), (b"md k\r\n", 1), (b"md k\r\n", 1), (b"mn\r\n", 1),
    (b"me made\r\n", 1), (b"set big 0 0 1048577\r\n" + b"v" * 1048577 + b"\r\n", 1),
    (b"bad\r\n", 1), (b"version\r\n", 1), (b"flush_all\r\n", 1), (b"set k 0 0 -1\r\n", 1),
]  # fmt: skip
SHAPES = (b"", b"items", b"sizes", b"slabs", b"conns", b"settings", b"reset", b"nonsense")


def compare(ours, theirs):
    """Yields a text for each difference that no deviation explains."""
    with ours.memcached() as left, theirs.memcached() as right:
        for client in (left, right):
            client.ask(b"flush_all\r\n")
        mine, other = left.stats(), right.stats()
        for which, names in ((b"", NAMES + COUNTERS), (b"settings", SETTINGS)):
            have = mine if not which else left.stats(which)
            missing = [name.decode() for name in names if name not in have]
            if missing:
                yield f"stats {which.decode()}: ours lacks {', '.join(missing)}"
        counters = [name for name in [*COUNTERS, RECLAIMED] if name in mine and name in other]
        for request, lines in COUNTED:
            counts = [_counted(client, request, lines, counters) for client in (left, right)]
            # An item that was flushed long ago may go only now, also to make room for this one.
            reclaimed = counts[1].pop(RECLAIMED.decode(), 0)
            counts[0].pop(RECLAIMED.decode(), None)
            if reclaimed:
                for count in counts:
                    count.pop("curr_items", None)
            if counts[0] != counts[1]:
                yield f"{request[:40]!r} counts {counts[0]}, memcached's counts {counts[1]}"
        for which in SHAPES:
            ends = [_last_line(client, which) for client in (left, right)]
            if ends[0] != ends[1]:
                yield f"stats {which.decode()} ends with {ends[0]!r}, memcached's with {ends[1]!r}"


def _counted(client, request, lines, names):
    cas = client.ask(b"mg k c\r\n").split()
    number = cas[1][1:] if len(cas) > 1 else b"0"
    before = client.stats()
    client.ask(request.replace(b"#", number), lines)
    after = client.stats()
    changes = {name.decode(): int(after[name]) - int(before[name]) for name in names}
    # A flush takes items at once, or when somebody asks for them.
    if request.startswith(b"flush_all"):
        changes.pop("curr_items", None)
    return {name: change for name, change in changes.items() if change}


def _last_line(client, which):
    client.send(b"stats %b\r\n" % which if which else b"stats\r\n")
    while (line := client.line()).startswith(b"STAT "):
        pass
    return line
