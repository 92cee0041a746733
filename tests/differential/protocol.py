"""Raw bytes on fresh connections: broken requests, inline commands, odd framing.

Each case is sent to both servers in one write, then our side of the connection is shut for writing
and all bytes that come back are read until the server closes. Both servers must answer the same
bytes and both must have closed.
"""

import random
import re
import socket

_NUMBERS = [
    b"-1", b"0", b"1", b"2", b"3", b"+1", b" 1", b"01", b"abc", b"", b"1048576", b"1048577",
    b"2147483648", b"9223372036854775808", b"-2", b"536870913", b"1.5", b"3 ",
    b"99999999999999999999",
]  # fmt: skip
_ENDINGS = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"", b"\n\r"]
_INLINE = [
    b"PING", b"ECHO hello", b'ECHO "a b"', b"ECHO 'a b'", b'ECHO "\\x41\\n\\t\\\\"',
    b"ECHO 'it\\'s'",
    b'ECHO "unbalanced', b"ECHO 'unbalanced", b'ECHO "a"b', b"ECHO 'a'b", b"  PING  ", b"", b" ",
    b"\t", b"SET inline 1", b"GET inline", b"INCR inline", b"foo bar", b"ECHO", b'ECHO ""',
    b"ECHO ''", b"ECHO a\x00b", b'ECHO "\\xzz"', b'ECHO "\\q"', b'ECHO a"b"', b"PING\r",
    b"ECHO \xff\xfe", b"DEL inline", b"get", b"QUIT", b"ECHO '\\n'", b'"PING"', b"'PING'",
    b'ECHO "\\"',
]  # fmt: skip
_COMMANDS = [
    [b"PING"], [b"SET", b"raw", b"v"], [b"GET", b"raw"], [b"foo"], [b"QUIT"], [b"GET"],
    [b"CONFIG", b"FOO"], [b"ECHO", b""], [b"ECHO", b"\r\n\x00\xff"],
]  # fmt: skip
# Words that close the connection, and drop what was not sent yet: they go alone.
_HTTP = [b"Host: example\r\n", b"POST / HTTP/1.1\r\n\r\n", b"post\n", b"host:\r\n"]
# What HELLO says of its own server: the version and the connection's id.
_OWN = re.compile(rb"\$\d+\r\n\d+\.\d+\.\d+\r\n|(?<=id\r\n):\d+")
_SIGNS = [b":", b"*", b"+", b"x", b"", b"\x00", b"\r"]
# Between 64 and 80 KB the answer depends on how the bytes happen to arrive.
_LONG = [
    b"*" + b"1" * 200_000,
    b"x" * 200_000,
    b"x" * 200_000 + b"\r\n",
    b"*1\r\n$" + b"1" * 200_000,
    b"PING " + b"y" * 60_000 + b"\r\n",
    b"*1\r\n" + b"$4\r\nPING\r\n" * 3,
]


def _valid(rng):
    args = rng.choice(_COMMANDS)
    return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%b\r\n" % (len(a), a) for a in args)


def _multibulk(rng):
    parts = [b"*", rng.choice(_NUMBERS), rng.choice(_ENDINGS)]
    for _ in range(rng.randrange(4)):
        data = rng.choice([b"PING", b"ECHO", b"a", b"", b"GET"])
        size = b"%d" % len(data) if rng.random() < 0.7 else rng.choice(_NUMBERS)
        sign = b"$" if rng.random() < 0.85 else rng.choice(_SIGNS)
        parts += [sign, size, rng.choice(_ENDINGS), data, rng.choice(_ENDINGS)]
    return b"".join(parts)


def _bent(rng):
    data = bytearray(_valid(rng))
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(data))
        rng.choice(
            [
                lambda: data.pop(at),
                lambda: data.insert(at, rng.randrange(256)),
                lambda: data.__setitem__(at, rng.choice(b"\r\n$*0129 -\x00\xffa")),
            ]
        )()
        if not data:
            break
    return bytes(data)


def _inline(rng):
    return rng.choice(_INLINE) + rng.choice(_ENDINGS)


def _long(rng):
    return rng.choice(_LONG)


def _case(rng):
    if rng.random() < 0.01:
        return rng.choice(_HTTP)
    parts = []
    for _ in range(rng.randrange(1, 6)):
        dice = rng.random()
        make = (
            _valid
            if dice < 0.3
            else _inline
            if dice < 0.6
            else _multibulk
            if dice < 0.8
            else _bent
            if dice < 0.995
            else _long
        )
        parts.append(make(rng))
    # Behind a NUL in a header or an inline line Redis stops looking, and waits for ever.
    return b"".join(parts).replace(b"\x00", b"\x01")


def _exchange(server, data):
    with server.client(timeout=5) as client:
        try:
            client.send_raw(data)
            client.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # closed while we wrote: what it said before is still there
        data, closed = client.read_until_close(5)
        return _OWN.sub(b"", data), closed


def _is_yet_to_come(reply, theirs):
    """Whether bent bytes happened to spell a command that only the oracle has."""
    names = set(re.findall(rb"unknown command '(\w+)'", reply))
    with theirs.client() as oracle:
        return any(oracle.do(b"COMMAND", b"INFO", name)[0] is not None for name in names)


def _shrink(ours, theirs, data):
    """Leaves out bytes while the servers still differ."""
    size = len(data) // 2
    while size:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if shorter and _exchange(ours, shorter) != _exchange(theirs, shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _outcome(exchange):
    data, closed = exchange
    return f"{data[:500]!r} {'closed' if closed else 'STILL OPEN'}"


def run(ours, theirs, seed, count):
    """Runs `count` cases and yields a text for each kind of difference, minimised."""
    rng = random.Random(f"protocol:{seed}")
    met = set()
    for number in range(count):
        data = _case(rng)
        left, right = _exchange(ours, data), _exchange(theirs, data)
        if (left == right and left[1]) or _is_yet_to_come(left[0], theirs):
            continue
        if left != right:
            data = _shrink(ours, theirs, data)
            left, right = _exchange(ours, data), _exchange(theirs, data)
        if (left, right) in met:
            continue
        met.add((left, right))
        yield (
            f"protocol case {number} (minimised):\n"
            f"  sent   {data[:500]!r} ({len(data)} bytes)\n"
            f"  ours   {_outcome(left)}\n"
            f"  theirs {_outcome(right)}"
        )
