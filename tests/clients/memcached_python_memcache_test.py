#!/usr/bin/python3
"""python-memcache, the oldest client for Python, as Debian ships it."""

import sys
import unittest

from listening import HOST, SKIPPED, SMALL, eventually, listening_memcached

try:
    import memcache
except ImportError as missing:
    print(f"skipped: {missing} (Debian's python3-memcache has it)")
    sys.exit(SKIPPED)

ITEMS = 200 if SMALL else 2000


class PythonMemcache(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_memcached())
        cls.address = f"{HOST}:{cls.server.memcached_port}"

    def setUp(self):
        self.client = memcache.Client([self.address], cache_cas=True, socket_timeout=20)
        self.addCleanup(self.client.disconnect_all)
        self.client.flush_all()

    def test_types_come_back_by_their_flags(self):
        for value in ("text", b"bytes", 42, 1 << 80, True, None, [1, {"a": 2.5}], "x" * 100_000):
            self.assertTrue(self.client.set("k", value))
            self.assertEqual(self.client.get("k"), value)
        self.assertTrue(self.client.set("zip", "x" * 100_000, min_compress_len=1000))
        self.assertEqual(self.client.get("zip"), "x" * 100_000)

    def test_storing(self):
        self.assertTrue(self.client.add("k", "1"))
        self.assertFalse(self.client.add("k", "2"))
        self.assertTrue(self.client.replace("k", "3"))
        self.assertFalse(self.client.replace("nothing", "3"))
        self.assertTrue(self.client.append("k", "4"))
        self.assertTrue(self.client.prepend("k", "2"))
        self.assertEqual(self.client.get("k"), "234")
        self.assertTrue(self.client.delete("k"))
        self.assertIsNone(self.client.get("k"))

    def test_numbers(self):
        self.client.set("n", "9")
        self.assertEqual(self.client.incr("n"), 10)
        self.assertEqual(self.client.decr("n", 20), 0)
        self.assertIsNone(self.client.incr("nothing"))

    def test_cas(self):
        other = memcache.Client([self.address], cache_cas=True)
        self.addCleanup(other.disconnect_all)
        self.client.set("k", "1")
        self.assertEqual((self.client.gets("k"), other.gets("k")), ("1", "1"))
        self.assertTrue(self.client.cas("k", "2"))
        self.assertFalse(other.cas("k", "3"))
        self.assertEqual(self.client.get("k"), "2")

    def test_many(self):
        items = {f"k{i}": f"v{i}" for i in range(ITEMS)}
        self.assertEqual(self.client.set_multi(items, key_prefix="p-"), [])
        self.assertEqual(self.client.get_multi(items, key_prefix="p-"), items)
        self.assertTrue(self.client.delete_multi(items, key_prefix="p-"))
        self.assertEqual(self.client.get_multi(items, key_prefix="p-"), {})

    def test_times(self):
        self.client.set("soon", "v", time=1)
        self.assertTrue(eventually(lambda: self.client.get("soon") is None))
        self.client.set("k", "v", time=1000)
        self.assertTrue(self.client.touch("k", 2000))
        self.assertFalse(self.client.touch("nothing", 2000))

    def test_statistics(self):
        self.client.set("k", "v")
        ((name, stats),) = self.client.get_stats()
        self.assertIn(self.address, name)
        self.assertGreater(int(stats["curr_items"]), 0)
        ((_, settings),) = self.client.get_stats("settings")
        self.assertIn("maxbytes", settings)


if __name__ == "__main__":
    unittest.main(verbosity=2)
