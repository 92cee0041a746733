"""Transcripts: sessions with a server as text, and how they are played.

    # a comment
    @server --maxclients 2          arguments of the server (the file's directory is fresh)

    A> SET k v EX 100               connection A sends, in redis-cli's quoting
    OK                              the reply, as support.text renders it
    A> TTL k
    (integer) <99..100>             a pattern: see below
    B> CLIENT REPLY OFF
    (no reply)                      nothing is read
    B<                              an unasked message on B: MONITOR, push, or a late reply
    >1) ...

Replies end at an empty line or at the next step. Patterns within a reply:

    <int> <float> <word> <str> <any>   an integer, any number, [A-Za-z0-9_.:-]+, a quoted string,
                                       anything
    <3..9>                             an integer in that range
    <re:...>                           a regular expression; it ends with the line
    <name=int>                         captures; <name> stands for what was found from then on
    ...                                as a line of its own: any lines

In commands, replies and directives {dir} is the server's directory, {port} its port, and {x*1000} a
thousand times "x". A connection is opened when it is first used.
Where the server closes instead of answering, the reply is `(connection closed)`.

Directives:

    @since V       the behaviour came after 7.0: the oracle is not asked (whole file)
    @needs NAME    the transcript is for servers that have this command (whole file)
    @server ARGS   starts the server; again later: restarts it with other arguments, same directory
    @file NAME     the lines up to @end become a file in the server's directory, as a configuration
                   for `@server {dir}/NAME`
    @show NAME     the lines of a file in the server's directory, compared with what follows
    @restart       stops the server in good order and starts it again; all connections are new
    @open A        connects without sending
    @drop A        we close
    @closed A      the server has closed, and nothing unread is left
    @cut A         the server has closed; what it sent before does not matter
    @silent A      nothing arrives on A for 50 ms
    @raw A "..."   sends bytes
    @bytes A "..." receives exactly these bytes
    @flood A N C   sends command C N times and reads nothing
    @wait T        sleeps (50ms, 1s)
    @within T      the next command is repeated until its reply is as expected, T long at most
    @unordered     the next reply is a list (or map) whose order is free
    @exited N      the server has ended by itself with status N
"""

import os
import re

import time

from support.resp import Client, ConnectionClosed, ProtocolError
from support.server import Server
from support.text import render, split_args

_COMMAND = re.compile(r"([A-Z])([><])\s?(.*)")
_PATTERN = re.compile(
    r"<(?:(\w+)=)?(int|float|word|str|any)>|<(-?\d+)\.\.(-?\d+)>|<re:(.+)>$|<(\w+)>"
)
_KINDS = {
    "int": r"-?\d+",
    "float": r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?",
    "word": r"[A-Za-z0-9_.:-]+",
    "str": r'"(?:[^"\\]|\\.)*"',
    "any": r".*",
}
READ_TIMEOUT_S = 10.0


class Step:
    def __init__(self, kind, name, text, line):
        self.kind, self.name, self.text, self.line = kind, name, text, line
        self.expected = []
        self.last_line = line


class Mismatch(AssertionError):
    def __init__(self, step, actual):
        super().__init__()
        self.step, self.actual = step, actual


def parse(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    steps, open_step, inside = [], None, None
    for number, line in enumerate(lines, 1):
        if inside is not None:
            if line == "@end":
                inside = None
            else:
                inside.expected.append(line)
            continue
        match = _COMMAND.match(line)
        if line and open_step is not None and open_step.kind == "@show":
            open_step.expected.append(line)
            open_step.last_line = number
        elif line.startswith("@"):
            kind, _, text = line.partition(" ")
            open_step = Step(kind, "", text.strip(), number)
            steps.append(open_step)
            if kind == "@file":
                inside = open_step
        elif match:
            open_step = Step(match[2], match[1], match[3], number)
            steps.append(open_step)
        elif not line.strip() or line == "#" or line.startswith("# "):
            open_step = None
        elif open_step is None:
            raise ValueError(f"{path}:{number}: a reply without a step: {line}")
        else:
            open_step.expected.append(line.rstrip())
            open_step.last_line = number
    return steps, lines


def first(steps, kind):
    """The text of the first directive of that kind, or None."""
    return next((step.text for step in steps if step.kind == kind), None)


def _seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(ms|s)", text).groups()
    return float(number) / (1000 if unit == "ms" else 1)


class Unsupported(Exception):
    """The server lacks a command that the transcript needs."""


class Player:
    """Plays one transcript against one kind of server."""

    def __init__(self, kind):
        self.kind = kind
        self.server = None
        self.clients = {}
        self.captured = {}
        self.patience = 0.0
        self.unordered = False

    def play(self, steps, on_mismatch):
        """Calls on_mismatch(step, actual lines) where a reply is not as expected."""
        try:
            for step in steps:
                try:
                    self._step(step)
                except Mismatch as mismatch:
                    on_mismatch(mismatch.step, mismatch.actual)
                except (ConnectionClosed, ConnectionError):
                    self.clients.pop(step.name, None)
                    if step.expected != ["(connection closed)"]:
                        on_mismatch(step, ["(connection closed)"])
                except TimeoutError:
                    on_mismatch(step, ["(nothing came)"])
                except ProtocolError as broken:
                    on_mismatch(step, [f"(not RESP: {broken})"])
            self._disconnect()
            if self.server and self.server.process:
                self.server.stop()
        finally:
            self._disconnect()
            if self.server:
                self.server.kill()
                self.server.remove()

    # Steps ----------------------------------------------------------------------------------------

    def _step(self, step):
        if step.kind == ">":
            self._command(step)
        elif step.kind == "<":
            self._expect(step, render(self._client(step.name).read()))
        else:
            getattr(self, "_do_" + step.kind[1:].replace("-", "_"))(step)

    def _command(self, step):
        client = self._client(step.name)
        args = split_args(self._substitute(step.text))
        if step.expected == ["(no reply)"]:
            client.send(*args)
            return
        deadline = time.monotonic() + self.patience
        self.patience = 0.0
        while True:
            client.send(*args)
            actual = render(client.read())
            if self._matches(step.expected, actual) or time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        self._expect(step, actual)

    def _expect(self, step, actual):
        matched = self._matches(step.expected, actual)
        self.unordered = False
        if not matched:
            raise Mismatch(step, actual)

    def _do_since(self, step):
        pass

    def _do_needs(self, step):
        self._start("")
        with self.server.client() as client:
            reply = client.call(step.text)
        if reply.is_error and reply.value.startswith(b"ERR unknown command"):
            raise Unsupported(step.text)

    def _do_server(self, step):
        self._start(step.text)

    def _do_file(self, step):
        self._ensure_server().write_file(step.text, "\n".join(step.expected) + "\n")

    def _do_show(self, step):
        with open(os.path.join(self.server.directory, step.text), encoding="utf-8") as file:
            self._expect(step, [line for line in file.read().split("\n") if line])

    def _do_restart(self, _step):
        self._disconnect()
        if self.server.process:
            self.server.stop()
        self.server.start()

    def _do_open(self, step):
        self._client(step.text)

    def _do_drop(self, step):
        self.clients.pop(step.text).close()

    def _do_closed(self, step):
        data, closed = self.clients.pop(step.text).read_until_close(READ_TIMEOUT_S)
        if data or not closed:
            raise Mismatch(step, [f"(got {data[:200]!r}, {'closed' if closed else 'still open'})"])

    def _do_cut(self, step):
        _, closed = self.clients.pop(step.text).read_until_close(READ_TIMEOUT_S)
        if not closed:
            raise Mismatch(step, ["(still open)"])

    def _do_silent(self, step):
        client = self._client(step.text)
        client.sock.settimeout(0.05)
        try:
            raise Mismatch(step, render(client.read()))
        except TimeoutError:
            client.sock.settimeout(READ_TIMEOUT_S)

    def _do_raw(self, step):
        name, _, text = step.text.partition(" ")
        try:
            self._client(name).send_raw(b"".join(split_args(self._substitute(text))))
        except ConnectionError:
            pass  # the server may close while we write; what it said is read later

    def _do_bytes(self, step):
        name, _, text = step.text.partition(" ")
        wanted = b"".join(split_args(self._substitute(text)))
        client, data = self._client(name), b""
        while len(data) < len(wanted):
            chunk = client.sock.recv(len(wanted) - len(data))
            if not chunk:
                break
            data += chunk
        if data != wanted:
            raise Mismatch(step, [repr(data)])

    def _do_flood(self, step):
        name, count, command = step.text.split(" ", 2)
        args = split_args(self._substitute(command))
        payload = b"*%d\r\n" % len(args) + b"".join(
            b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in args
        )
        try:
            self._client(name).send_raw(payload * int(count))
        except (ConnectionError, TimeoutError):
            pass  # the point of a flood is often that the server closes

    def _do_wait(self, step):
        time.sleep(_seconds(step.text))

    def _do_within(self, step):
        self.patience = _seconds(step.text)

    def _do_unordered(self, _step):
        self.unordered = True

    def _do_exited(self, step):
        self._disconnect()
        status = self.server.wait()
        self.server.check_log()
        self.server.process = None
        if status != int(step.text):
            raise Mismatch(step, [f"(status {status})"])

    # The server and its connections ---------------------------------------------------------------

    def _ensure_server(self):
        if self.server is None:
            self.server = Server(self.kind)
        return self.server

    def _start(self, text):
        server = self._ensure_server()
        if server.process:
            self._disconnect()
            server.stop()
        args = [arg.decode() for arg in split_args(text.replace("{dir}", server.directory))]
        # A configuration file comes first on the command line.
        server.config_path = args.pop(0) if args and not args[0].startswith("--") else None
        server.args = args
        server.start()

    def _client(self, name):
        if self.server is None or self.server.process is None:
            self._start("")
        if name not in self.clients:
            self.clients[name] = Client(self.server.port, timeout=READ_TIMEOUT_S)
        return self.clients[name]

    def _disconnect(self):
        for client in self.clients.values():
            client.close()
        self.clients = {}

    # Matching -------------------------------------------------------------------------------------

    def _substitute(self, text):
        self._ensure_server()
        return re.sub(r"<(\w+)>", lambda m: self.captured.get(m[1], m[0]), self._expand(text))

    def _expand(self, text):
        text = text.replace("{dir}", self.server.directory).replace("{port}", str(self.server.port))
        return re.sub(r"\{(.)\*(\d+)\}", lambda m: m[1] * int(m[2]), text)

    def _matches(self, expected, actual):
        if self.unordered:
            expected, actual = _sorted_items(expected), _sorted_items(actual)
        found = {}
        if not self._match_lines(expected, actual, found):
            return False
        self.captured.update(found)
        return True

    def _match_lines(self, expected, actual, found):
        """Matches the lines up to the first `...`, then looks for the rest from the end."""
        if "..." not in expected:
            return len(expected) == len(actual) and all(
                self._match_line(*pair, found) for pair in zip(expected, actual)
            )
        gap = expected.index("...")
        rest = expected[gap + 1 :]
        if len(actual) < gap:
            return False
        if not all(self._match_line(*pair, found) for pair in zip(expected[:gap], actual)):
            return False
        return any(
            self._match_lines(rest, actual[at:], found) for at in range(len(actual), gap - 1, -1)
        )

    def _match_line(self, expected, actual, found):
        expected = self._expand(expected)
        parts, names, ranges, end = [], [], [], 0
        for token in _PATTERN.finditer(expected):
            name, kind, low, high, regex, reference = token.groups()
            if reference is not None and reference not in self.captured:
                continue  # not a pattern: text in angle brackets
            parts.append(re.escape(expected[end : token.start()]))
            end = token.end()
            if reference is not None:
                parts.append(re.escape(self.captured[reference]))
                continue
            names.append(name)
            ranges.append((int(low), int(high)) if low is not None else None)
            # Groups of a given expression must not count among ours.
            plain = re.sub(r"(?<!\\)\((?!\?)", "(?:", regex) if regex else _KINDS[kind or "int"]
            parts.append(f"({plain})")
        match = re.fullmatch("".join(parts) + re.escape(expected[end:]), actual)
        if not match:
            return False
        for name, limits, text in zip(names, ranges, match.groups()):
            if limits and not limits[0] <= int(text) <= limits[1]:
                return False
            if name:
                found[name] = text
        return True


_ITEM = re.compile(r"\d+([)~>#|]) ")


def _sorted_items(lines):
    """The items of a rendered aggregate, sorted, without their numbers."""
    items = []
    for line in lines:
        if _ITEM.match(line) or not items:
            items.append([_ITEM.sub(r"\1 ", line, count=1)])
        else:
            items[-1].append(line.lstrip())
    return [line for item in sorted(items) for line in item]
