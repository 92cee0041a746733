#!/usr/bin/python3
"""pymemcache, the text client that is all Python, as Debian ships it."""

import json
import sys
import threading
import unittest

from listening import HOST, SKIPPED, SMALL, eventually, listening_memcached

try:
    from pymemcache.client.base import Client, PooledClient
    from pymemcache.client.hash import HashClient
    from pymemcache.exceptions import MemcacheClientError, MemcacheServerError
except ImportError as missing:
    print(f"skipped: {missing} (Debian's python3-pymemcache has it)")
    sys.exit(SKIPPED)

EVERY_BYTE = bytes(range(256))
ITEMS = 200 if SMALL else 2000


class Json:
    """Marks what is JSON by a flag, as pymemcache's manual does."""

    @staticmethod
    def serialize(_key, value):
        return (value, 1) if isinstance(value, (bytes, str)) else (json.dumps(value), 2)

    @staticmethod
    def deserialize(_key, value, flags):
        return json.loads(value) if flags == 2 else value


class Pymemcache(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_memcached())
        cls.address = HOST, cls.server.memcached_port

    def setUp(self):
        # Unlike the default, wait for each answer.
        self.client = Client(self.address, default_noreply=False, timeout=20)
        self.addCleanup(self.client.close)
        self.client.flush_all()

    def test_storing(self):
        self.assertTrue(self.client.set("k", "v"))
        self.assertEqual(self.client.get("k"), b"v")
        self.assertIsNone(self.client.get("nothing"))
        self.assertFalse(self.client.add("k", "w"))
        self.assertTrue(self.client.replace("k", "w"))
        self.assertFalse(self.client.replace("nothing", "w"))
        self.assertTrue(self.client.append("k", ">"))
        self.assertTrue(self.client.prepend("k", "<"))
        self.assertEqual(self.client.get("k"), b"<w>")
        self.assertTrue(self.client.delete("k"))
        self.assertFalse(self.client.delete("k"))

    def test_every_byte_and_large_values(self):
        for value in (EVERY_BYTE, b"", b"\r\n", b"END\r\n", EVERY_BYTE * 3900):
            self.assertTrue(self.client.set("bytes", value))
            self.assertEqual(self.client.get("bytes"), value)

    def test_numbers(self):
        self.client.set("n", "10")
        self.assertEqual(self.client.incr("n", 5), 15)
        self.assertEqual(self.client.decr("n", 100), 0)
        self.assertIsNone(self.client.incr("nothing", 1))
        self.client.set("n", str((1 << 64) - 1))
        self.assertEqual(self.client.incr("n", 2), 1)
        self.client.set("n", "not a number")
        with self.assertRaises(MemcacheClientError):
            self.client.incr("n", 1)
        self.assertEqual(self.client.get("n"), b"not a number")

    def test_cas(self):
        self.client.set("k", "1")
        value, cas = self.client.gets("k")
        self.assertEqual(value, b"1")
        self.assertTrue(self.client.cas("k", "2", cas))
        self.assertFalse(self.client.cas("k", "3", cas))
        self.assertIsNone(self.client.cas("nothing", "3", cas))
        self.assertEqual(self.client.get("k"), b"2")
        many = self.client.gets_many(["k", "nothing"])
        self.assertEqual(many["k"][0], b"2")
        self.assertEqual(list(many), ["k"])

    def test_racing_cas(self):
        self.client.set("n", "0")

        def add(times):
            client = Client(self.address, default_noreply=False, timeout=20)
            for _ in range(times):
                while True:
                    value, cas = client.gets("n")
                    if client.cas("n", str(int(value) + 1), cas):
                        break
            client.close()

        threads = [threading.Thread(target=add, args=(50,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.client.get("n"), b"200")

    def test_many(self):
        items = {f"k{i}": f"v{i}".encode() for i in range(ITEMS)}
        self.assertEqual(self.client.set_many(items), [])
        self.assertEqual(self.client.get_many([*items, "nothing"]), items)
        self.client.delete_many(list(items)[1:])
        self.assertEqual(self.client.get_many(items), {"k0": b"v0"})

    def test_times(self):
        self.client.set("gone", "v", expire=-1)
        self.assertIsNone(self.client.get("gone"))
        self.client.set("soon", "v", expire=1)
        self.assertTrue(eventually(lambda: self.client.get("soon") is None))
        self.client.set("later", "v", expire=1000)
        self.assertTrue(self.client.touch("later", 0))
        self.assertFalse(self.client.touch("nothing", 5))
        self.assertEqual(self.client.get("later"), b"v")

    def test_without_answers(self):
        for i in range(ITEMS):
            self.client.set(f"k{i}", "v", noreply=True)
            self.client.incr("n", 1, noreply=True)
            self.client.delete(f"k{i - 1}", noreply=True)
        self.assertEqual(self.client.get(f"k{ITEMS - 1}"), b"v")
        self.assertIsNone(self.client.get(f"k{ITEMS - 2}"))

    def test_flags(self):
        client = Client(self.address, serde=Json, default_noreply=False, timeout=20)
        self.addCleanup(client.close)
        client.set("text", "v")
        client.set("json", {"a": [1, None]})
        self.assertEqual(client.get("text"), b"v")
        self.assertEqual(client.get("json"), {"a": [1, None]})
        self.client.set("all", "v", flags=(1 << 32) - 1)
        with self.server.memcached() as plain:
            self.assertEqual(plain.gets(b"all")[:2], (b"v", (1 << 32) - 1))

    def test_errors_leave_the_connection_usable(self):
        with self.assertRaises(MemcacheServerError):
            self.client.set("large", b"v" * ((1 << 20) + 1))
        self.assertTrue(self.client.set("k", "v"))
        with self.assertRaises(MemcacheClientError):
            self.client.incr("k", 1)
        self.assertEqual(self.client.get("k"), b"v")

    def test_version_and_statistics(self):
        self.assertRegex(self.client.version(), rb"^\d+\.\d+")
        self.client.set("k", "v")
        self.client.get("k")
        self.client.get("nothing")
        stats = self.client.stats()
        for name in (b"cmd_get", b"cmd_set", b"get_hits", b"get_misses", b"curr_items"):
            self.assertGreater(stats[name], 0, name)
        self.assertTrue(self.client.flush_all())
        self.assertIsNone(self.client.get("k"))

    def test_pools_and_several_servers(self):
        pool = PooledClient(self.address, max_pool_size=4, default_noreply=False)
        pool.set("k", "v")
        self.assertEqual(pool.get("k"), b"v")
        pool.close()
        with listening_memcached() as other:
            both = HashClient([self.address, (HOST, other.memcached_port)], default_noreply=False)
            items = {f"k{i}": f"v{i}".encode() for i in range(100)}
            both.set_many(items)
            self.assertEqual(both.get_many(items), items)
            with other.memcached() as client:
                shared = int(client.stats()[b"curr_items"])
            self.assertTrue(0 < shared < 100, shared)
            both.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
