"""Runs the executables that look after files, which lie beside the server's."""

import os
import subprocess

from support.server import tarn_binary


def run_tool(name, *args, cwd=None):
    """The exit status, and all that was printed."""
    path = os.path.join(os.path.dirname(os.path.abspath(tarn_binary())), name)
    done = subprocess.run(
        [path, *map(str, args)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")
