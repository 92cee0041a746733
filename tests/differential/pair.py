"""Two servers that are given the same commands in the same order, and how their answers compare.

Commands go out in batches over one connection of several. A batch ends with CLIENT REPLY ON and an
ECHO of a fresh token, so its replies are complete when the stream ends with that token. Mostly the
two streams are the same bytes and nothing is parsed; if not, the replies are parsed, matched with
their commands, and judged by `normalise` and `deviations`.
"""

import itertools

from deviations import OTHER_ENCODINGS, explained
from families.administration import CONFIG_VALUES
from normalise import CLOCK_TOLERANCE_MS, equivalent
from support.resp import ConnectionClosed, Parser, Reply, ReplyError, plain

CLOSED = (ConnectionClosed, OSError)

_tokens = itertools.count(1)


class Difference(Exception):
    """Replies differ. `at` counts within the batch; `ours`/`theirs` are Reply or a text."""

    def __init__(self, at, args, ours, theirs):
        super().__init__()
        self.at, self.args_, self.ours, self.theirs = at, args, ours, theirs


class StateDifference(Exception):
    """The replies agree, and the databases do not."""


def _encode(commands):
    return b"".join(
        [
            b"*%d\r\n%b" % (len(args), b"".join([b"$%d\r\n%b\r\n" % (len(a), a) for a in args]))
            for args in commands
        ]
    )


def answered(commands):
    """The indices of the commands that get a reply, as CLIENT REPLY and RESET decide it."""
    indices, off, skip = [], False, False
    for at, args in enumerate(commands):
        skipped, skip = skip, False
        if len(args) == 3 and args[0].upper() == b"CLIENT" and args[1].upper() == b"REPLY":
            mode = args[2].upper()
            if mode == b"ON":
                off = skipped = False
            elif mode == b"OFF":
                off = True
            elif mode == b"SKIP":
                skip = not off
                skipped = True
        if len(args) == 1 and args[0].upper() == b"RESET":
            off = skipped = False
        if not off and not skipped:
            indices.append(at)
    return indices


class Side:
    """One server of the pair, with the connections that a run uses."""

    def __init__(self, server):
        self.server = server
        self.clients = []
        self.admin = None

    def connect(self, count):
        self.close()
        try:
            self.admin = self.server.client()
            self.admin.do("PING")
        except CLOSED:  # it died, or is about to
            self.server.kill()
            self.server.start()
            self.admin = self.server.client()
        self.clients = [self.server.client() for _ in range(count)]

    def close(self):
        for client in self.clients + ([self.admin] if self.admin else []):
            client.close()
        self.clients, self.admin = [], None

    def send(self, connection, payload):
        self.clients[connection].send_raw(payload)

    def receive(self, connection, ending):
        """All bytes up to the ending; what came so far if the server closed the connection."""
        sock = self.clients[connection].sock
        data = b""
        chunks = []
        tail = b""
        while not tail.endswith(ending):
            try:
                data = sock.recv(1 << 18)
            except (ConnectionResetError, TimeoutError):
                data = b""
            if not data:
                return b"".join(chunks), False
            chunks.append(data)
            tail = (tail + data)[-len(ending) :]
        return b"".join(chunks), True


class Pair:
    """Ours and the oracle."""

    def __init__(self, ours, theirs):
        self.sides = (Side(ours), Side(theirs))
        self.deviations = {}
        self.compared = 0
        self._config = [None, None]

    def close(self):
        for side in self.sides:
            side.close()

    def reset(self, connections):
        """Empty databases, the configuration of the start, fresh connections."""
        for which, side in enumerate(self.sides):
            side.connect(connections)
            if self._config[which] is None:
                self._config[which] = self._read_config(side)
            side.admin.pipeline([["FLUSHALL"], ["SLOWLOG", "RESET"], ["LATENCY", "RESET"]])
            for name, value in self._config[which].items():
                side.admin.call("CONFIG", "SET", name, value)

    @staticmethod
    def _read_config(side):
        config = {}
        for name in (*CONFIG_VALUES, "set-max-listpack-entries", "set-max-listpack-value"):
            reply = plain(side.admin.call("CONFIG", "GET", name))
            if isinstance(reply, list) and len(reply) == 2:
                config[name] = reply[1]
        return config

    def run(self, connection, commands):
        """Runs a batch on both. Raises Difference at the first reply that is not explained."""
        if commands[0][0].startswith(b"@"):
            self._compare(0, commands[0], *self._composite(connection, commands[0]))
            return
        token = b"done-%012d" % next(_tokens)
        payload = _encode(commands) + _encode([[b"CLIENT", b"REPLY", b"ON"], [b"ECHO", token]])
        for side in self.sides:
            try:
                side.send(connection, payload)
            except OSError:
                pass  # receive() notices
        ending = b"$%d\r\n%b\r\n" % (len(token), token)
        (left, left_open), (right, right_open) = (
            side.receive(connection, ending) for side in self.sides
        )
        self.compared += len(commands)
        if left == right and left_open and right_open:
            return
        self._judge(commands, left, right, left_open, right_open)

    def _judge(self, commands, left, right, left_open, right_open):
        (ours, our_pushes), (theirs, their_pushes) = _replies(left), _replies(right)
        if our_pushes != their_pushes:
            raise Difference(
                len(commands) - 1, commands[-1], Reply("*", our_pushes), Reply("*", their_pushes)
            )
        indices = answered(commands) + [len(commands), len(commands) + 1]
        queued = []
        for place, at in enumerate(indices):
            args = commands[at] if at < len(commands) else [b"(the end of the batch)"]
            if place >= len(ours) or place >= len(theirs):
                # A server that died may have lost replies that were due before: the whole batch
                # belongs to the history then.
                alive = left_open and right_open
                raise Difference(
                    min(at, len(commands) - 1) if alive else len(commands) - 1,
                    args,
                    ours[place] if place < len(ours) else _missing(left_open),
                    theirs[place] if place < len(theirs) else _missing(right_open),
                )
            self._compare_in_order(at, args, ours[place], theirs[place], queued)
        if len(ours) != len(theirs):
            raise Difference(
                len(commands) - 1, commands[-1], f"{len(ours)} replies", f"{len(theirs)} replies"
            )

    def _compare_in_order(self, at, args, ours, theirs, queued):
        """Compares replies one after the other; those of EXEC as those of what was queued."""
        if theirs == Reply("+", b"QUEUED"):
            queued.append(args)
        elif args[0].upper() in (b"EXEC", b"DISCARD", b"RESET"):
            commands = queued[:]
            queued.clear()
            values = ours.value, theirs.value
            if args[0].upper() == b"EXEC" and all(
                isinstance(value, list) and len(value) == len(commands) for value in values
            ):
                for command, mine, other in zip(commands, *values):
                    self._compare(at, command, mine, other)
                return
        self._compare(at, args, ours, theirs)

    def _compare(self, at, args, ours, theirs):
        if ours == theirs or equivalent(args, ours, theirs):
            return
        deviation = explained(args, ours, theirs)
        if deviation is None:
            raise Difference(at, args, ours, theirs)
        self.deviations[deviation] = self.deviations.get(deviation, 0) + 1

    def _composite(self, connection, args):
        """Several commands that stand for one, whose replies alone could not be compared."""
        if args[0] in (b"@RESTORE", b"@EXCHANGE"):
            return self._restore(connection, args)
        return [self._scan(side, connection, args) for side in self.sides]

    def _restore(self, connection, args):
        """DUMP of a key of the same or of the other server, and the replies of RESTORE to that."""
        clients = [side.clients[connection] for side in self.sides]
        dumps = [client.call(b"DUMP", args[1]) for client in clients]
        if any(dump.is_error or dump.value is None for dump in dumps):
            return dumps
        if args[0] == b"@EXCHANGE":
            dumps.reverse()
        return [
            client.call(b"RESTORE", args[2], args[3], dump.value, *args[4:])
            for client, dump in zip(clients, dumps)
        ]

    @staticmethod
    def _scan(side, connection, args):
        """A whole iteration of SCAN, HSCAN, SSCAN or ZSCAN as one set of keys or elements."""
        client = side.clients[connection]
        name = args[0][1:]
        key, rest = ([], args[1:]) if name == b"SCAN" else (args[1:2], args[2:])
        width = 2 if name in (b"HSCAN", b"ZSCAN") else 1
        cursor, seen = b"0", set()
        for _ in range(10_000):
            reply = client.call(name, *key, cursor, *rest)
            if reply.is_error:
                return reply
            cursor, found = plain(reply)
            seen.update(b"=".join(found[i : i + width]) for i in range(0, len(found), width))
            if cursor == b"0":
                return Reply("~", [Reply("$", name) for name in sorted(seen)])
        return Reply("-", b"SCAN does not come to its end")

    def compare_state(self):
        """Raises StateDifference unless both hold the same data (deadlines with tolerance)."""
        try:
            ours, theirs = ({db: _dump(side.admin, db) for db in range(16)} for side in self.sides)
        except ReplyError as error:
            raise StateDifference(f"reading back the databases failed: {error}") from error
        lines = []
        for db in range(16):
            for name in sorted(set(ours[db]) | set(theirs[db])):
                mine, other = ours[db].get(name), theirs[db].get(name)
                if not _same_entry(mine, other):
                    lines.append(
                        f"db {db} key {name!r}:\n"
                        f"    ours   {_short(mine)}\n"
                        f"    theirs {_short(other)}"
                    )
        digests = [side.admin.call("DEBUG", "DIGEST") for side in self.sides]
        if digests[0] != digests[1] or digests[0].is_error:
            lines.append(f"DEBUG DIGEST: ours {digests[0].value!r}, theirs {digests[1].value!r}")
        if lines:
            raise StateDifference("\n".join(lines))


def _missing(still_open):
    return "(no reply)" if still_open else "(connection closed or silent)"


def _replies(data):
    """The replies of a stream, and apart from them its push messages (attributes are dropped)."""
    parser = Parser()
    parser.feed(data)
    replies, pushes = [], []
    while (reply := parser.next()) is not None:
        if reply.kind != "|":
            (pushes if reply.kind == ">" else replies).append(reply)
    return replies, pushes


def _short(entry):
    text = repr(entry)
    return text if len(text) < 600 else text[:600] + "..."


_CONTENT = {
    b"string": [b"GET"],
    b"list": [b"LRANGE", None, b"0", b"-1"],
    b"set": [b"SMEMBERS"],
    b"hash": [b"HGETALL"],
    b"zset": [b"ZRANGE", None, b"0", b"-1", b"WITHSCORES"],
    b"stream": [b"XRANGE", None, b"-", b"+"],
}


def _dump(client, db):
    """{key: (type, encoding, deadline, content)} of a database."""
    client.do("SELECT", db)
    keys = client.do("KEYS", "*")
    facts = iter(
        client.pipeline(
            command
            for name in keys
            for command in ([b"TYPE", name], [b"OBJECT", b"ENCODING", name], [b"PEXPIRETIME", name])
        )
    )
    table = {name: [next(facts), next(facts), next(facts)] for name in keys}
    queries = []
    for name, (kind, _, _) in table.items():
        query = list(_CONTENT.get(kind, [b"DEBUG", b"DIGEST-VALUE"]))
        if None in query:
            query[query.index(None)] = name
        else:
            query.append(name)
        queries.append(query)
    for name, content in zip(table, client.pipeline(queries)):
        kind = table[name][0]
        if kind == b"set":
            content = sorted(content)
        elif kind == b"hash":
            content = sorted(zip(content[::2], content[1::2]))
        table[name].append(content)
    return table


def _same_entry(mine, other):
    if mine is None or other is None:
        return False
    encodings = mine[0], mine[1], other[1]
    close = mine[2] == other[2] or (
        mine[2] > 0 < other[2] and abs(mine[2] - other[2]) <= CLOCK_TOLERANCE_MS
    )
    same_kind = mine[0] == other[0] and (mine[1] == other[1] or encodings in OTHER_ENCODINGS)
    return close and same_kind and mine[3] == other[3]
