"""The server that a test of a client talks to, and where it listens."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.memcached import memcached_server  # noqa: E402
from support.server import SMALL, Server, wait_until  # noqa: E402, F401

HOST = "127.0.0.1"
SKIPPED = 77  # The exit status that ctest takes for "skipped".
# memcached instead of Tarn, to prove the tests of its clients: TARN_TEST_ORACLE=1 ..._test.py
ORACLE = bool(os.environ.get("TARN_TEST_ORACLE"))
USER = "default"  # The user whose password `requirepass` is.


def eventually(condition, timeout_s=30):
    """Waits until the condition holds; returns its last value."""
    return wait_until(condition, timeout_s, interval=0.01)


def listening_server(*options):
    """A Server (a context manager) on a free port of HOST and on the Unix socket `unix_socket`."""
    server = Server("tarn", ["--bind", HOST, *options])
    server.unix_socket = os.path.join(server.directory, "socket")
    server.args += ["--unixsocket", server.unix_socket]
    return server


def listening_memcached(password=None):
    """A Server (a context manager) with a `memcached_port` of HOST, where SASL may be needed."""
    if not ORACLE:
        return memcached_server(
            "tarn", ["--bind", HOST, *(["--requirepass", password] if password else [])]
        )
    server = memcached_server("memcached")
    if password:
        server.args.append("-S")
        server.env |= _sasl_database(server.directory, password)
    return server


def _sasl_database(directory, password):
    """The environment in which memcached knows USER by the password."""
    database = os.path.join(directory, "sasldb")
    subprocess.run(["saslpasswd2", "-p", "-a", "memcached", "-c", "-f", database, USER],
                   input=password.encode(), check=True)
    with open(os.path.join(directory, "memcached.conf"), "w", encoding="ascii") as file:
        file.write(f"mech_list: plain\npwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                   f"sasldb_path: {database}\n")
    return {"SASL_CONF_PATH": directory}
