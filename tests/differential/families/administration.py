"""What operators and tools ask: COMMAND, CONFIG, DEBUG, MEMORY, LATENCY, SLOWLOG."""

from families.connection import any_args, unknown_subcommand
from grammar import (
    Family,
    as_integer,
    either,
    group,
    key,
    maybe,
    noise,
    one_of,
    repeat,
    row,
    value,
    word,
)

# Parameters that may be changed without hurting the run, with good values.
CONFIG_VALUES = {
    "maxmemory-samples": ("5", "10", "1"),
    "maxmemory": ("0", "100gb", "1TB", "9223372036854775808", "18446744073709551615"),
    "maxmemory-policy": ("noeviction", "allkeys-lru", "volatile-ttl", "VOLATILE-LRU"),
    "timeout": ("0", "100000"),
    "tcp-keepalive": ("0", "300"),
    "slowlog-log-slower-than": ("10000", "-1", "1000000"),
    "slowlog-max-len": ("128", "0", "5"),
    "latency-monitor-threshold": ("0", "100000"),
    "lazyfree-lazy-eviction": ("yes", "no", "YES"),
    "lazyfree-lazy-expire": ("yes", "no"),
    "lazyfree-lazy-user-del": ("yes", "no"),
    "lazyfree-lazy-user-flush": ("yes", "no"),
    "proto-max-bulk-len": ("512mb", "1mb", "1048576"),
    "client-query-buffer-limit": ("1gb", "1mb", "10mb"),
    "client-output-buffer-limit": (
        "normal 0 0 0", "pubsub 32mb 8mb 60", "normal 0 0 0 replica 1gb 1mb 60",
    ),
    "hz": ("10", "100"),
    "loglevel": ("notice", "warning", "verbose"),
    "list-max-listpack-size": ("-2", "-1", "4", "128"),
    "list-compress-depth": ("0", "1", "3"),
    "hash-max-listpack-entries": ("512", "0", "16"),
    "hash-max-listpack-value": ("64", "0", "8"),
    "set-max-intset-entries": ("512", "0", "16"),
    "zset-max-listpack-entries": ("128", "0", "16"),
    "zset-max-listpack-value": ("64", "0", "8"),
}  # fmt: skip
_BAD_VALUES = [
    "", "abc", "-2", "1.5", "maybe", "99999999999999999999", "10 mb", "5mbb", "normal 0 0",
    "foo 1 2 3", " 5",
]  # fmt: skip
_NAMES = sorted(CONFIG_VALUES)

_known = word(
    "GET", "SET", "MGET", "MSET", "DEL", "BITOP", "BITFIELD", "COPY", "RENAME", "OBJECT", "CONFIG",
    "CLIENT", "PING", "EXPIRE", "GETEX", "LCS", "SCAN", "COMMAND", "INCR", "SELECT", "HELLO",
    "MSETNX", "SETBIT", "SWAPDB",
)  # fmt: skip


def _config_pair(rng, out):
    name = _NAMES[int(rng.random() * len(_NAMES))]
    values = CONFIG_VALUES[name] if rng.random() < 0.8 else _BAD_VALUES
    out.append((name if rng.random() < 0.9 else name.upper()).encode())
    out.append(values[int(rng.random() * len(values))].encode())


def _config_name(rng, out):
    out.append(_NAMES[int(rng.random() * len(_NAMES))].encode())


_command_name = either(0.9, _known, word("foo", ""))
_full_command = one_of(
    group(word("GET"), key),
    group(word("SET"), key, value, maybe(0.4, word("GET", "NX"))),
    group(word("MSET", "MSETNX"), repeat(1, 3, key, value)),
    group(word("MGET", "DEL"), repeat(1, 3, key)),
    group(word("BITOP"), word("AND"), repeat(2, 3, key)),
    group(word("COPY", "RENAME", "LCS"), key, key),
    group(word("BITFIELD"), key, maybe(0.5, word("GET"), word("u8"), word("0"))),
    group(word("OBJECT"), word("ENCODING"), key),
    group(word("CONFIG"), word("GET")),
    group(word("foo"), key),
    word("PING"),
    word("GET"),
)
_filter = group(word("FILTERBY"), word("PATTERN"), word("setr*", "getb*", "incr*", "xyz"))
_config_get = either(0.9, _config_name, word("foo", "", "maxmemory-s*", "slowlog-?*"))
_bad_config_set = one_of(
    group(word("foo", ""), word("1")),
    _config_name,
    group(_config_pair, _config_name),
    group(_config_pair, word("foo", "daemonize")),
)
_protocol_type = word(
    "string", "integer", "double", "null", "array", "set", "map", "attrib", "verbatim",
    "true", "false", "bignum", "foo",
)  # fmt: skip

ROWS = [
    row(0.6, "COMMAND", word("INFO"), repeat(1, 2, _command_name)),
    row(0.4, "COMMAND", word("DOCS"), repeat(1, 2, _command_name)),
    row(0.2, "COMMAND", word("COUNT")),
    row(1, "COMMAND", word("GETKEYS", "GETKEYSANDFLAGS"), _full_command),
    row(0.2, "COMMAND", word("LIST"), maybe(0.8, either(0.5, _filter, noise))),
    row(0.2, "COMMAND", unknown_subcommand, any_args),
    row(1, "CONFIG", word("GET"), repeat(1, 3, _config_get)),
    row(1.5, "CONFIG", word("SET"), repeat(1, 2, _config_pair)),
    row(0.3, "CONFIG", word("SET"), _bad_config_set),
    row(0.1, "CONFIG", word("RESETSTAT", "REWRITE")),
    row(0.2, "CONFIG", unknown_subcommand, any_args),
    row(0.5, "DEBUG", word("DIGEST-VALUE"), repeat(0, 3, key)),
    row(0.2, "DEBUG", word("DIGEST")),
    row(0.3, "DEBUG", word("STRINGMATCH-LEN"), word("*a*", "a?[bc]", "*"), key),
    row(1, "DEBUG", word("PROTOCOL"), _protocol_type),
    row(0.2, "DEBUG", unknown_subcommand, any_args),
    row(
        0.5, "MEMORY", word("USAGE"), key, maybe(0.3, word("SAMPLES"), word("0", "5", "-1", "abc"))
    ),
    row(0.2, "MEMORY", unknown_subcommand, any_args),
    row(0.3, "LATENCY", word("LATEST", "RESET", "DOCTOR", "HELP")),
    row(0.3, "LATENCY", word("HISTORY", "GRAPH", "RESET"), word("command", "foo")),
    row(0.2, "LATENCY", word("HISTOGRAM"), word("foo")),
    row(0.2, "LATENCY", unknown_subcommand, any_args),
    row(0.3, "SLOWLOG", word("GET"), maybe(0.7, word("1", "-1", "0", "-2", "abc", "10"))),
    row(0.3, "SLOWLOG", word("LEN", "RESET", "HELP")),
    row(0.2, "SLOWLOG", unknown_subcommand, any_args),
    row(0.5, "TIME"),
]

_UNITS = {
    b"": 1, b"B": 1, b"K": 1000, b"KB": 1024, b"M": 10**6, b"MB": 1 << 20, b"G": 10**9,
    b"GB": 1 << 30, b"T": 10**12, b"TB": 1 << 40,
}  # fmt: skip


def _bytes(text):
    """An amount of memory, or None."""
    digits = text.rstrip(b"bBkKmMgGtT")
    number, unit = as_integer(digits), _UNITS.get(text[len(digits) :].upper())
    return None if number is None or unit is None else number * unit


# Settings that would evict keys, close our connections, let SETRANGE exhaust the memory, or record
# what depends on the machine's load: the lowest and highest of the values that are not used.
_HARMFUL = {
    b"maxmemory": (1, 1 << 35),
    b"timeout": (1, 10_000),
    b"slowlog-log-slower-than": (0, 9_999),
    b"latency-monitor-threshold": (1, 10_000),
    b"proto-max-bulk-len": ((512 << 20) + 1, 1 << 100),
}

# Amounts of memory that Redis takes for others than they say, and that are refused here.
_AMOUNTS = (
    b"maxmemory", b"client-query-buffer-limit", b"proto-max-bulk-len", b"hash-max-listpack-value",
    b"zset-max-listpack-value", b"hash-max-ziplist-value", b"zset-max-ziplist-value",
)  # fmt: skip
_MISREAD = (b"", b"99999999999999999999")


def forbidden_settings(args):
    """Of CONFIG SET."""
    for name, setting in zip(args[2::2], args[3::2]):
        if name.lower() in _AMOUNTS and (setting in _MISREAD or (_bytes(setting) or 0) >> 63):
            return True
        low, high = _HARMFUL.get(name.lower(), (1, 0))
        amount = _bytes(setting)
        if amount is not None and low <= amount <= high:
            return True
    return False


def _forbidden(args):
    subcommand = args[1].upper() if len(args) > 1 else b""
    if args[0] == b"CONFIG" and subcommand == b"SET":
        return forbidden_settings(args)
    if args[0] == b"CONFIG" and subcommand == b"GET":
        return b"*" in args  # which parameters exist is the scenarios' matter
    if args[0] == b"COMMAND":
        # The whole table would drown the run.
        return len(args) == 1 or (len(args) == 2 and subcommand in (b"INFO", b"DOCS", b"LIST"))
    return args[0] == b"LATENCY" and subcommand == b"HISTOGRAM" and len(args) == 2


FAMILY = Family("administration", ROWS, _forbidden, requires=("CONFIG",))
