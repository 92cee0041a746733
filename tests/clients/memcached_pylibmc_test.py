#!/usr/bin/python3
"""pylibmc, libmemcached for Python, as Debian ships it: text, binary, and binary with SASL."""

import sys
import unittest

from listening import HOST, SKIPPED, SMALL, USER, eventually, listening_memcached

try:
    import pylibmc
except ImportError as missing:
    print(f"skipped: {missing} (Debian's python3-pylibmc has it)")
    sys.exit(SKIPPED)

ITEMS = 200 if SMALL else 2000
PASSWORD = "pass word"


class Text(unittest.TestCase):
    options = {"binary": False}
    password = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_memcached(cls.password))
        cls.address = f"{HOST}:{cls.server.memcached_port}"

    def connect(self, **options):
        client = pylibmc.Client([self.address], **(self.options | options))
        self.addCleanup(client.disconnect_all)
        return client

    def setUp(self):
        self.client = self.connect(behaviors={"cas": True, "tcp_nodelay": True})
        self.client.flush_all()

    def test_types_come_back_by_their_flags(self):
        for value in ("text", b"bytes\0\r\n", 42, 1 << 80, True, [1, {"a": 2.5}], b"x" * 900_000):
            self.assertTrue(self.client.set("k", value))
            self.assertEqual(self.client.get("k"), value)
        self.assertTrue(self.client.set("zip", b"x" * 100_000, min_compress_len=1000))
        self.assertEqual(self.client.get("zip"), b"x" * 100_000)
        self.assertIsNone(self.client.get("nothing"))

    def test_storing(self):
        self.assertTrue(self.client.add("k", b"1"))
        self.assertFalse(self.client.add("k", b"2"))
        self.assertTrue(self.client.replace("k", b"3"))
        if self.options["binary"]:
            with self.assertRaises(pylibmc.NotFound):
                self.client.replace("nothing", b"3")
        else:
            self.assertFalse(self.client.replace("nothing", b"3"))
        self.assertTrue(self.client.append("k", b"4"))
        self.assertTrue(self.client.prepend("k", b"2"))
        self.assertEqual(self.client.get("k"), b"234")
        self.assertTrue(self.client.delete("k"))
        self.assertFalse(self.client.delete("k"))

    def test_numbers(self):
        self.client.set("n", "9")
        self.assertEqual(self.client.incr("n"), 10)
        self.assertEqual(self.client.decr("n", 20), 0)
        with self.assertRaises(pylibmc.NotFound):
            self.client.incr("nothing")

    def test_cas(self):
        self.client.set("k", b"1")
        value, cas = self.client.gets("k")
        self.assertEqual(value, b"1")
        self.assertTrue(self.client.cas("k", b"2", cas))
        self.assertFalse(self.client.cas("k", b"3", cas))
        self.assertEqual(self.client.get("k"), b"2")

    def test_many(self):
        items = {f"k{i}": i for i in range(ITEMS)}
        self.assertEqual(self.client.set_multi(items), [])
        self.assertEqual(self.client.get_multi([*items, "nothing"]), items)
        self.assertTrue(self.client.delete_multi(list(items)))
        self.assertEqual(self.client.get_multi(list(items)), {})

    def test_times(self):
        self.client.set("soon", b"v", time=1)
        self.assertTrue(eventually(lambda: self.client.get("soon") is None))
        self.client.set("k", b"v", time=1000)
        self.assertTrue(self.client.touch("k", 2000))

    def test_pipelines_without_answers(self):
        client = self.connect(behaviors={"no_block": True, "buffer_requests": False})
        for i in range(ITEMS):
            client.set(f"k{i}", i)
        self.assertEqual(client.get(f"k{ITEMS - 1}"), ITEMS - 1)

    def test_statistics(self):
        self.client.set("k", b"v")
        ((_, stats),) = self.client.get_stats()
        self.assertGreater(int(stats["curr_items"]), 0)


class Binary(Text):
    options = {"binary": True}


class Sasl(Text):
    options = {"binary": True, "username": USER, "password": PASSWORD}
    password = PASSWORD

    def test_the_wrong_password(self):
        # Where authentication fails, libmemcached has no connection to speak of.
        for options in ({"password": "wrong"}, {"username": None, "password": None}):
            with self.assertRaises(pylibmc.Error):
                self.connect(**options).set("k", b"v")
        self.assertTrue(self.client.set("k", b"v"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
