#!/usr/bin/python3
"""The examples of examples/leases: of fifty clients that want a value, one makes it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from listening import HOST, SKIPPED, listening_server

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "leases"
NODE_MODULES = ROOT / "tests" / "clients" / "node" / "node_modules"
VISITORS = 50
COUNT = re.compile(r"(\d+) got 'page, version (\d)'")


class Leases(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(listening_server())

    def run_example(self, *command, cwd=EXAMPLE):
        url = f"redis://{HOST}:{self.server.port}"
        return subprocess.run(command, cwd=cwd, env={**os.environ, "URL": url}, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def check_output(self, printed):
        missing, stale = printed.splitlines()
        self.assertEqual(missing, f"missing: made 1 time(s); {VISITORS} got 'page, version 1'")
        self.assertTrue(stale.startswith("stale: made 1 time(s); "), stale)
        counts = {version: int(count) for count, version in COUNT.findall(stale)}
        self.assertEqual(sum(counts.values()), VISITORS, stale)
        self.assertGreaterEqual(counts["2"], 1, stale)
        self.assertLessEqual(set(counts), {"1", "2"})

    def python(self):
        self.check_output(self.run_example(sys.executable, EXAMPLE / "lease_cache.py"))

    def node(self):
        # Node looks for packages beside the file.
        with tempfile.TemporaryDirectory() as directory:
            shutil.copy(EXAMPLE / "lease-cache.mjs", directory)
            os.symlink(NODE_MODULES, os.path.join(directory, "node_modules"))
            self.check_output(self.run_example("node", "lease-cache.mjs", cwd=directory))


if __name__ == "__main__":
    which = sys.argv[1]
    if which == "node" and not (NODE_MODULES / "ioredis").exists():
        print("skipped: there is no ioredis")
        sys.exit(SKIPPED)
    suite = unittest.TestSuite([Leases(which)])
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
