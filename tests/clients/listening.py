"""The server that a test of a client talks to, and where it listens."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.server import SMALL, Server, wait_until  # noqa: E402, F401

HOST = "127.0.0.1"
SKIPPED = 77  # The exit status that ctest takes for "skipped".


def eventually(condition, timeout_s=30):
    """Waits until the condition holds; returns its last value."""
    return wait_until(condition, timeout_s, interval=0.01)


def listening_server(*options):
    """A Server (a context manager) on a free port of HOST and on the Unix socket `unix_socket`."""
    server = Server("tarn", ["--bind", HOST, *options])
    server.unix_socket = os.path.join(server.directory, "socket")
    server.args += ["--unixsocket", server.unix_socket]
    return server
