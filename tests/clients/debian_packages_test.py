#!/usr/bin/python3
"""The example examples/debian-packages: a small index goes in, the lookups find it."""

import os
import pathlib
import subprocess
import unittest

from listening import HOST, listening_server

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "debian-packages"

INDEX = """\
Package: acorn
Version: 1.2-3
Section: games
Size: 1000
Description: Gather nuts
Tag: role::program, implemented-in::{c,python},
 use::gameplaying

Package: birch
Version: 2:0.1~rc1
Section: libs
Size: 2000
Tag: role::shared-lib, implemented-in::c
Description: Trees with "quotes" and ünïcode
 A longer text.
 .
 With a second paragraph.

Package: cedar
Version: 3
Section: games
Size: 123456789
Tag: role::program, implemented-in::python

Package: acorn
Version: 0.9
Section: oldlibs
Size: 1
"""

FILLER = "".join(f"\nPackage: filler{i}\nVersion: {i}\nSection: misc\nSize: {i}\n"
                 for i in range(100))


class DebianPackages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())
        cls.url = f"redis://{HOST}:{cls.server.port}"
        for _ in range(2):  # Loading again changes nothing.
            requests = subprocess.run([EXAMPLE / "load.py"], input=(INDEX + FILLER).encode(),
                                      stdout=subprocess.PIPE, check=True).stdout
            loaded = subprocess.run(["redis-cli", "-u", cls.url, "--pipe"], input=requests,
                                    stdout=subprocess.PIPE, check=True).stdout
            assert b"errors: 0" in loaded, loaded

    def lookup(self, *words):
        result = subprocess.run([EXAMPLE / "lookup.sh", *words], capture_output=True, text=True,
                                env={**os.environ, "URL": self.url}, stdin=subprocess.DEVNULL)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def test_records(self):
        birch = "\n".join(INDEX.split("\n\n")[1].splitlines()) + "\n"
        self.assertEqual(self.lookup("show", "birch"), birch + "\n")
        self.assertEqual(self.lookup("version", "acorn", "birch", "filler42"),
                         "1.2-3\tacorn\n2:0.1~rc1\tbirch\n42\tfiller42\n")
        self.assertEqual(self.lookup("size", "cedar"), "123456789\n")

    def test_names(self):
        self.assertEqual(self.lookup("names", "[a-c]*"), "acorn\nbirch\ncedar\n")

    def test_counts(self):
        self.assertEqual(self.lookup("counts", "section:*"),
                         "100\tsection:misc\n2\tsection:games\n1\tsection:libs\n")
        self.assertEqual(self.lookup("counts", "tag:role::*"),
                         "2\ttag:role::program\n1\ttag:role::shared-lib\n")

    def test_find(self):
        self.assertEqual(self.lookup("find", "tag:implemented-in::python", "section:games"),
                         "acorn\ncedar\n")
        self.assertEqual(self.lookup("find", "tag:implemented-in::c", "tag:role::program"),
                         "acorn\n")
        self.assertEqual(len(self.lookup("find", "section:misc").split()), 100)
        self.assertEqual(self.lookup("find", "section:libs", "section:games"), "")
        self.assertEqual(self.lookup("find", "section:nosuch"), "")

    def test_temporary_keys_are_gone(self):
        self.lookup("find", "section:misc")
        with self.server.client() as client:
            self.assertEqual(client.call("KEYS", "found:*").value, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
