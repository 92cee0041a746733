#!/usr/bin/python3
"""The example examples/debian-packages: a small index goes in, queries and lookups find it."""

import os
import pathlib
import signal
import subprocess
import unittest

import redis

from listening import HOST, listening_server

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "debian-packages"

INDEX = """\
Package: acorn
Version: 1.2-3
Section: games
Installed-Size: 1000
Depends: oak (>= 2), birch:any | willow [amd64], cedar
Description: Gather nuts
Tag: role::program, implemented-in::{c,python},
 use::gameplaying

Package: birch
Version: 2:0.1~rc1
Section: libs
Installed-Size: 2000
Tag: role::shared-lib, implemented-in::c
Pre-Depends: oak
Description: Trees with "quotes" and ünïcode
 A longer text.
 .
 With a second paragraph.

Package: cedar
Version: 3
Section: games
Installed-Size: 123456789
Depends: oak (>= 1), oak (<< 9), acorn
Tag: role::program, implemented-in::python

Package: acorn
Version: 0.9
Section: oldlibs
Installed-Size: 1

Package: oak
Section: libs
Version: 2.1
"""

FILLERS = 100
FILLER = "".join(f"\nPackage: filler{i}\nVersion: {i}\nSection: misc\nInstalled-Size: {i}\n"
                 "Depends: oak\n" for i in range(FILLERS))


def load(url):
    requests = subprocess.run([EXAMPLE / "load.py"], input=(INDEX + FILLER).encode(),
                              stdout=subprocess.PIPE, check=True).stdout
    loaded = subprocess.run(["redis-cli", "-u", url, "--pipe"], input=requests,
                            stdout=subprocess.PIPE, check=True).stdout
    assert b"errors: 0" in loaded, loaded


class DebianPackages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())
        cls.url = f"redis://{HOST}:{cls.server.port}"
        cls.redis = redis.from_url(cls.url, decode_responses=True)
        cls.addClassCleanup(cls.redis.connection_pool.disconnect)
        for _ in range(2):  # Loading again changes nothing.
            load(cls.url)

    def lookup(self, *words):
        result = subprocess.run([EXAMPLE / "lookup.sh", *words], capture_output=True, text=True,
                                env={**os.environ, "URL": self.url}, stdin=subprocess.DEVNULL)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    # --- What is in the keys ---

    def test_packages_are_hashes(self):
        acorn = self.redis.hgetall("pkg:acorn")
        self.assertEqual(acorn.pop("id"), "0")
        self.assertEqual(acorn["Tag"],
                         "role::program, implemented-in::{c,python}, use::gameplaying")
        self.assertEqual(self.redis.hget("pkg:birch", "Description"),
                         'Trees with "quotes" and ünïcode A longer text. . '
                         "With a second paragraph.")
        self.assertEqual(self.redis.hlen("names"), 4 + FILLERS)
        self.assertEqual(self.redis.hmget("names", 0, 3, 103), ["acorn", "oak", "filler99"])

    def test_dependencies_are_sets(self):
        self.assertEqual(self.redis.smembers("deps:acorn"), {"oak", "birch", "willow", "cedar"})
        self.assertEqual(self.redis.smembers("deps:cedar"), {"oak", "acorn"})
        self.assertEqual(self.redis.exists("deps:oak"), 0)
        self.assertEqual(self.redis.smembers("rdeps:acorn"), {"cedar"})
        self.assertEqual(self.redis.scard("rdeps:oak"), 3 + FILLERS)

    def test_sizes_are_a_sorted_set(self):
        self.assertEqual(self.redis.zcard("sizes"), 4 + FILLERS)
        self.assertEqual(self.redis.zscore("sizes", "cedar"), 123456789)
        self.assertEqual(self.redis.zcount("sizes", 50, 99), 50)

    # --- The queries that README.md shows ---

    def test_the_largest(self):
        self.assertEqual(self.redis.zrange("sizes", 0, 2, desc=True, withscores=True),
                         [("cedar", 123456789), ("birch", 2000), ("acorn", 1000)])

    def test_what_two_depend_on(self):
        self.assertEqual(self.redis.sinter("deps:acorn", "deps:cedar"), {"oak"})

    def test_users_by_size(self):
        self.addCleanup(self.redis.unlink, "users")
        self.assertEqual(self.redis.zinterstore("users", {"rdeps:oak": 0, "sizes": 1}),
                         3 + FILLERS)
        self.assertEqual(self.redis.zrange("users", "+inf", 99, desc=True, byscore=True),
                         ["cedar", "birch", "acorn", "filler99"])

    # --- lookup.sh ---

    def test_show(self):
        lines = self.lookup("show", "cedar").splitlines()
        self.assertEqual(sorted(lines), ["Depends: oak (>= 1), oak (<< 9), acorn",
                                         "Installed-Size: 123456789", "Package: cedar",
                                         "Section: games",
                                         "Tag: role::program, implemented-in::python",
                                         "Version: 3", "id: 2"])

    def test_version(self):
        self.assertEqual(self.lookup("version", "acorn", "birch", "filler42"),
                         "1.2-3\tacorn\n2:0.1~rc1\tbirch\n42\tfiller42\n")

    def test_names(self):
        self.assertEqual(self.lookup("names", "[a-c]*"), "acorn\nbirch\ncedar\n")

    def test_largest(self):
        self.assertEqual(self.lookup("largest", "2"), "123456789\tcedar\n2000\tbirch\n")
        self.assertEqual(len(self.lookup("largest").splitlines()), 10)

    def test_needs_and_common(self):
        self.assertEqual(self.lookup("needs", "acorn"), "birch\ncedar\noak\nwillow\n")
        self.assertEqual(self.lookup("needs", "oak"), "")
        self.assertEqual(self.lookup("common", "acorn", "cedar", "filler7"), "oak\n")

    def test_users(self):
        self.assertEqual(self.lookup("users", "oak", "1000"),
                         "123456789\tcedar\n2000\tbirch\n1000\tacorn\n")
        self.assertEqual(len(self.lookup("users", "oak").splitlines()), 3 + FILLERS)
        self.assertEqual(self.lookup("users", "nosuch"), "")

    def test_counts(self):
        self.assertEqual(self.lookup("counts", "section:*"),
                         "100\tsection:misc\n2\tsection:libs\n2\tsection:games\n")
        self.assertEqual(self.lookup("counts", "tag:role::*"),
                         "2\ttag:role::program\n1\ttag:role::shared-lib\n")

    def test_find(self):
        self.assertEqual(self.lookup("find", "tag:implemented-in::python", "section:games"),
                         "acorn\ncedar\n")
        self.assertEqual(self.lookup("find", "tag:implemented-in::c", "tag:role::program"),
                         "acorn\n")
        self.assertEqual(len(self.lookup("find", "section:misc").split()), FILLERS)
        self.assertEqual(self.lookup("find", "section:libs", "section:games"), "")
        self.assertEqual(self.lookup("find", "section:nosuch"), "")

    def test_temporary_keys_are_gone(self):
        self.lookup("find", "section:misc")
        self.lookup("users", "oak")
        self.assertEqual(self.redis.keys("found:*") + self.redis.keys("users:*"), [])


class KilledServer(unittest.TestCase):
    """What README.md shows under "Pull the plug"."""

    def answers(self):
        """Of the README's queries, and of every lookup: what they print."""
        asked = [["redis-cli", "-u", self.url, *words] for words in (
            ("DBSIZE",), ("SINTER", "deps:acorn", "deps:cedar"),
            ("ZRANGE", "sizes", "0", "9", "REV", "WITHSCORES"))]
        asked += [[EXAMPLE / "lookup.sh", *words] for words in (
            ("show", "cedar"), ("version", "acorn", "birch", "filler42"), ("names", "*"),
            ("largest",), ("needs", "acorn"), ("common", "acorn", "cedar", "filler7"),
            ("users", "oak"), ("counts", "*"), ("find", "section:games"))]
        return [subprocess.run(words, capture_output=True, text=True, check=True,
                               env={**os.environ, "URL": self.url}, stdin=subprocess.DEVNULL).stdout
                for words in asked]

    def test_kill_9(self):
        with listening_server("--appendonly", "yes", "--appendfsync", "always") as server:
            self.url = f"redis://{HOST}:{server.port}"
            load(self.url)
            before = self.answers()
            self.assertIn("filler42\n", before[5])
            info = subprocess.run(["redis-cli", "-u", self.url, "INFO", "server"], text=True,
                                  stdout=subprocess.PIPE, check=True).stdout
            pid = int(info.split("process_id:")[1].split()[0])
            os.kill(pid, signal.SIGKILL)
            self.assertEqual(server.wait(), -signal.SIGKILL)
            server.start()
            self.assertEqual(self.answers(), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
