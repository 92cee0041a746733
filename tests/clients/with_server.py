#!/usr/bin/python3
"""Runs a test program beside a server: with_server.py [--needs PATH] COMMAND...

The program finds the server through TARN_HOST, TARN_PORT and TARN_SOCKET. With --memcached, the port
is that of memcached's protocol; with --password, TARN_USER has TARN_PASSWORD. The test is skipped
where PATH does not exist: what a package manager would have put there.
"""

import argparse
import os
import subprocess
import sys

from listening import HOST, SKIPPED, USER, listening_memcached, listening_server


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--needs", metavar="PATH")
    parser.add_argument("--memcached", action="store_true")
    parser.add_argument("--password", default="")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.needs and not os.path.exists(options.needs):
        print(f"skipped: there is no {options.needs}")
        return SKIPPED
    if options.memcached:
        server = listening_memcached(options.password)
        where = {"TARN_PORT": str(server.memcached_port)}
    else:
        server = listening_server()
        where = {"TARN_PORT": str(server.port), "TARN_SOCKET": server.unix_socket}
    where |= {"TARN_HOST": HOST, "TARN_USER": USER, "TARN_PASSWORD": options.password}
    with server:
        return subprocess.run(options.command, env=os.environ | where,
                              stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
