#!/usr/bin/python3
"""memcapable, libmemcached's test of whether a server is memcached: both of its protocols."""

import shutil
import subprocess
import sys
import unittest

from listening import HOST, SKIPPED, listening_memcached

# Debian gave libmemcached-awesome's programs names of their own.
PROGRAM = shutil.which("memccapable") or shutil.which("memcapable")
if not PROGRAM:
    print("skipped: there is no memccapable (Debian's libmemcached-tools has it)")
    sys.exit(SKIPPED)


class Memcapable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_memcached())

    def run_tests(self, protocol, expected):
        where = ["-h", HOST, "-p", str(self.server.memcached_port)]
        done = subprocess.run([PROGRAM, *where, protocol, "-v", "-t", "10"], text=True, timeout=200,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        passed = done.stdout.count("[pass]")
        self.assertEqual((done.returncode, passed), (0, expected), done.stdout)

    def test_text(self):
        self.run_tests("-a", 27)

    def test_binary(self):
        self.run_tests("-b", 27)


if __name__ == "__main__":
    unittest.main(verbosity=2)
