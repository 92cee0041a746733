#!/usr/bin/python3
"""Runs a test program beside a server: with_server.py [--needs PATH] COMMAND...

The program finds the server through TARN_HOST, TARN_PORT and TARN_SOCKET. The test is skipped where
PATH does not exist: what a package manager would have put there.
"""

import argparse
import os
import subprocess
import sys

from listening import HOST, SKIPPED, listening_server


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--needs", metavar="PATH")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.needs and not os.path.exists(options.needs):
        print(f"skipped: there is no {options.needs}")
        return SKIPPED
    with listening_server() as server:
        environment = {**os.environ, "TARN_HOST": HOST, "TARN_PORT": str(server.port),
                       "TARN_SOCKET": server.unix_socket}
        return subprocess.run(options.command, env=environment, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
