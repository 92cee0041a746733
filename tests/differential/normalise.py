"""Which replies may differ between two right servers, and in what.

`equivalent(args, left, right)` is asked only after the replies turned out not to be equal byte for
byte. Each rule is a function of both replies, registered for a command (and subcommand) and says
in its first line what it lets pass and why. What is not listed here must be equal.
"""

import re

from support.resp import Reply

# Two servers receive a command at most this long apart, and a loaded machine may add to it.
CLOCK_TOLERANCE_MS = 20_000

_rules = {}


def _rule(*commands):
    def register(function):
        for command in commands:
            _rules[command.encode()] = function
        return function

    return register


def equivalent(args, left, right):
    name = args[0].upper()
    rule = _rules.get(name)
    if rule is None and len(args) > 1:
        rule = _rules.get(name + b" " + args[1].upper())
    if rule is None or left.kind != right.kind:
        return False
    return bool(rule(args, left, right))


def _close(tolerance):
    def rule(_args, left, right):
        if left.kind != ":":
            return False
        a, b = left.value, right.value
        return (a < 0) == (b < 0) and (a == b if a < 0 else abs(a - b) <= tolerance)

    return rule


# Remaining times pass while we ask, and absolute deadlines set by relative commands depend on the
# moment of the command. Negative answers (no key, no deadline) are exact.
for _name in ("PTTL", "PEXPIRETIME"):
    _rule(_name)(_close(CLOCK_TOLERANCE_MS))
for _name in ("TTL", "EXPIRETIME"):
    _rule(_name)(_close(CLOCK_TOLERANCE_MS // 1000))


@_rule("KEYS", "COMMAND LIST", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SPOP", "HKEYS", "HVALS")
def _unordered(_args, left, right):
    """The order of a table's entries is nobody's promise."""
    return left.kind in "*~" and sorted(map(repr, left.value)) == sorted(map(repr, right.value))


@_rule("HGETALL")
def _unordered_fields(_args, left, right):
    """The order of a table's fields is nobody's promise."""

    def pairs(reply):
        return sorted(
            map(repr, reply.value if reply.kind == "%" else zip(reply.value[::2], reply.value[1::2]))
        )

    return left.kind in "*%" and pairs(left) == pairs(right)


@_rule("SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER")
def _random_elements(_args, left, right):
    """What is drawn is chance; how many, and in which shape, is not."""

    def shape(reply):
        if not isinstance(reply.value, list):
            return reply.kind if reply.value is not None else None
        return [shape(item) for item in reply.value]

    return left.kind in "*$" and shape(left) == shape(right)


@_rule("SORT", "SORT_RO")
def _unsorted_elements(args, left, right):
    """BY a name without a star leaves a set in the order of its table, and under ALPHA what weighs
    the same comes in any order; so does what is the same up to a zero byte."""
    by = b"BY" in [word.upper() for word in args]
    return left.kind == "*" and (by or any(b"\0" in (item.value or b"") for item in left.value)) and (
        sorted(map(repr, left.value)) == sorted(map(repr, right.value))
    )


@_rule(
    "RANDOMKEY",
    "OBJECT REFCOUNT",
    "OBJECT IDLETIME",
    "MEMORY USAGE",
    "CLIENT ID",
    "COMMAND COUNT",
    "LASTSAVE",
    "SLOWLOG LEN",
    "LATENCY RESET",
    "OBJECT FREQ",
    "DUMP",
)
def _same_kind(_args, left, right):
    """Random, an implementation's own figure, or a matter of the clock: type and nil-ness only."""
    return left.kind in ":$" and (left.value is None) == (right.value is None)


@_rule("TIME")
def _two_strings(_args, left, right):
    """The clock: the shape only."""
    return left.kind == "*" and [item.kind for item in left.value] == [
        item.kind for item in right.value
    ]


@_rule("SCAN")
def _one_step(_args, left, right):
    """A single step may return any part of the keyspace (@SCAN compares whole iterations)."""
    return (
        left.kind == "*"
        and len(left.value) == len(right.value) == 2
        and [item.kind for item in left.value] == [item.kind for item in right.value]
    )


@_rule("HELLO")
def _hello(_args, left, right):
    """The server's name, version and connection id; every other field is compared, in order."""
    own = (b"server", b"version", b"id", b"modules")

    def fields(reply):
        if reply.kind == "%":
            return [(k, None if k.value in own else v) for k, v in reply.value]
        if reply.kind == "*":
            pairs = zip(reply.value[::2], reply.value[1::2])
            return [(k, None if k.value in own else v) for k, v in pairs]
        return reply

    return fields(left) == fields(right)


@_rule("CLIENT INFO", "CLIENT LIST")
def _client_fields(_args, left, right):
    """Addresses, ids, ages, sizes: the names of the fields and their order are compared.

    Servers from 7.2 on add two fields about the client's library, which we leave out.
    """

    def names(reply):
        text = reply.value[4:] if reply.kind == "=" else reply.value
        text = re.sub(rb" lib-name=\S* lib-ver=\S*", b"", text)
        return [[field.split(b"=")[0] for field in line.split(b" ")] for line in text.splitlines()]

    return left.kind in "$=" and names(left) == names(right)


@_rule(
    "SLOWLOG GET",
    "LATENCY LATEST",
    "LATENCY HISTORY",
    "LATENCY DOCTOR",
    "LATENCY GRAPH",
    "LATENCY HISTOGRAM",
)
def _recorded_times(_args, left, right):
    """What was slow depends on the machine's load; the kind of reply is compared."""
    return not left.is_error


@_rule(
    "CLIENT HELP",
    "OBJECT HELP",
    "LATENCY HELP",
    "SLOWLOG HELP",
    "CONFIG HELP",
    "MEMORY HELP",
    "COMMAND HELP",
    "DEBUG HELP",
)
def _help_text(_args, left, right):
    """Help is prose of each server's own: the first line and the kinds of lines are compared."""
    return (
        left.kind == "*"
        and left.value[:1] == right.value[:1]
        and {item.kind for item in left.value} == {item.kind for item in right.value}
    )


def _canonical(reply):
    """The reply with sets and maps sorted, and lists of flags, which stand for sets in RESP2."""
    kind, value = reply
    if not isinstance(value, list):
        return reply
    if kind == "%":
        return kind, sorted(((_canonical(k), _canonical(v)) for k, v in value), key=repr)
    items = [_canonical(item) for item in value]
    unordered = kind == "~" or all(item.kind == "+" for item in value) or _are_rows(value)
    return kind, sorted(items, key=repr) if unordered else items


def _are_rows(items):
    """Is this a list of rows of the command table, which has no order?"""
    return all(item.kind == "*" and item.value and item.value[0].kind == "$" for item in items)


def _subcommands(reply):
    """The names of all subcommands in a reply of COMMAND INFO."""
    if not isinstance(reply.value, list) or reply.kind == "%":
        return set()
    first = reply.value[:1]
    names = {item.value for item in first if item.kind == "$" and b"|" in (item.value or b"")}
    return names.union(*(_subcommands(item) for item in reply.value))


def _names_one_of(row, names):
    return (
        isinstance(row.value, list)
        and row.kind == "*"
        and bool(row.value)
        and (row.value[0].kind == "$" and row.value[0].value in names)
    )


def _without(reply, names):
    if not isinstance(reply.value, list) or reply.kind == "%":
        return reply
    kept = [item for item in reply.value if not _names_one_of(item, names)]
    return Reply(reply.kind, [_without(item, names) for item in kept])


@_rule("COMMAND INFO", "COMMAND GETKEYSANDFLAGS")
def _table(_args, left, right):
    """Flags, categories, tips and subcommands carry no order; only what both have is compared."""
    odd = _subcommands(left) ^ _subcommands(right)
    return _canonical(_without(left, odd)) == _canonical(_without(right, odd))


@_rule("CONFIG GET")
def _unordered_pairs(_args, left, right):
    """Parameters come in the order of a table."""

    def pairs(reply):
        return sorted(
            reply.value if reply.kind == "%" else zip(reply.value[::2], reply.value[1::2])
        )

    return left.kind in "%*" and pairs(left) == pairs(right)


@_rule("COMMAND DOCS")
def _documentation(_args, left, right):
    """Summaries are prose of each server's own; group and first version are facts."""

    def facts(reply):
        pairs = reply.value if reply.kind == "%" else list(zip(reply.value[::2], reply.value[1::2]))
        table = {}
        for name, doc in pairs:
            fields = doc.value if doc.kind == "%" else list(zip(doc.value[::2], doc.value[1::2]))
            table[name.value] = {k.value: v for k, v in fields if k.value in (b"group", b"since")}
        return table

    return left.kind in "%*" and facts(left) == facts(right)
