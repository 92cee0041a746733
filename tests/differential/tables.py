"""What the servers say of themselves, compared once a run: the command table and the defaults.

Compared is what both have. Commands and parameters of one side only are listed, and are no fault.
"""

from deviations import explained
from normalise import equivalent
from support.resp import ConnectionClosed, ProtocolError, Reply, plain
from support.text import render

# Parameters that name this process or its files.
_OWN = {b"port", b"dir", b"pidfile", b"logfile", b"proc-title-template", b"syslog-ident"}


def _ask(server, args, resp=2):
    """The reply, on a connection of its own: a malformed one must not spoil the next."""
    with server.client(resp, timeout=5) as client:
        try:
            return client.call(*args)
        except (TimeoutError, ProtocolError, ConnectionClosed) as broken:
            return Reply("-", f"(no whole reply: {broken!r})".encode())


def _compare(servers, args):
    """A text if the replies to the command differ without an explanation, in either protocol."""
    return _compare_in(2, servers, args) or _compare_in(3, servers, args)


def _compare_in(resp, servers, args):
    ours, theirs = (_ask(server, args, resp) for server in servers)
    if ours == theirs or equivalent(args, ours, theirs) or explained(args, ours, theirs):
        return None
    command = b" ".join(args).decode()
    left, right = ("\n            ".join(render(reply)) for reply in (ours, theirs))
    return f"{command} (RESP{resp})\n  ours      {left}\n  theirs    {right}"


def _names(servers, what, *args):
    """The names that both know; prints how many only one does."""
    step = 2 if what == "parameters" else 1
    ours, theirs = (set(plain(_ask(server, args))[::step]) for server in servers)
    common, added = len(ours & theirs), len(ours - theirs)
    missing = b" ".join(sorted(theirs - ours)).decode() or "none"
    print(f"{what}: {common} in common, {added} of ours only, missing: {missing}")
    return sorted(ours & theirs)


def compare(*servers):
    """Yields a text for each difference."""
    for name in _names(servers, "commands", b"COMMAND", b"LIST"):
        text = _compare(servers, [b"COMMAND", b"INFO", name])
        if text:
            yield text
    for name in _names(servers, "parameters", b"CONFIG", b"GET", b"*"):
        text = None if name in _OWN else _compare(servers, [b"CONFIG", b"GET", name])
        if text:
            yield text
