#!/usr/bin/python3
"""redis-py, the Python client, as Debian ships it."""

import threading
import time
import unittest

import redis

from listening import HOST, SMALL, eventually, listening_server


class RedisPy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())

    def setUp(self):
        self.r = self.connect()
        self.r.flushall()

    def connect(self, **options):
        client = redis.Redis(HOST, self.server.port, **options)
        self.addCleanup(client.close)
        self.addCleanup(client.connection_pool.disconnect)
        return client

    # --- Strings ---

    def test_set_and_its_options(self):
        r = self.r
        self.assertIs(r.set("k", "v"), True)
        self.assertEqual(r.get("k"), b"v")
        self.assertIsNone(r.get("nothing"))
        self.assertIsNone(r.set("k", "other", nx=True))
        self.assertIs(r.set("k", "new", xx=True), True)
        self.assertEqual(r.set("k", "newer", get=True), b"new")
        r.set("k", "v", ex=100)
        r.set("k", "w", keepttl=True)
        self.assertGreater(r.ttl("k"), 90)
        self.assertIs(r.setnx("k", "x"), False)
        r.setex("k", 50, "s")
        r.psetex("k", 50000, "p")
        self.assertGreater(r.pttl("k"), 40000)

    def test_many_at_once(self):
        r = self.r
        self.assertIs(r.mset({"a": 1, "b": "two", "c": b"\x00\xff"}), True)
        self.assertEqual(r.mget("a", "nothing", "c"), [b"1", None, b"\x00\xff"])
        self.assertIs(r.msetnx({"c": 1, "d": 2}), False)
        self.assertIs(r.msetnx({"d": 1, "e": 2}), True)

    def test_get_variants(self):
        r = self.r
        r.set("k", "value")
        self.assertEqual(r.getset("k", "next"), b"value")
        self.assertEqual(r.getex("k", ex=100), b"next")
        self.assertGreater(r.ttl("k"), 90)
        self.assertEqual(r.getex("k", persist=True), b"next")
        self.assertEqual(r.ttl("k"), -1)
        self.assertEqual(r.getdel("k"), b"next")
        self.assertEqual(r.exists("k"), 0)

    def test_numbers(self):
        r = self.r
        self.assertEqual(r.incr("n"), 1)
        self.assertEqual(r.incrby("n", 2**62), 2**62 + 1)
        self.assertEqual(r.decr("n", 2**62), 1)
        self.assertEqual(r.incrbyfloat("f", 10.5), 10.5)
        self.assertEqual(r.incrbyfloat("f", -0.1), 10.4)
        r.set("n", 2**63 - 1)
        with self.assertRaisesRegex(redis.ResponseError, "increment or decrement would overflow"):
            r.incr("n")
        r.set("word", "abc")
        with self.assertRaisesRegex(redis.ResponseError, "value is not an integer or out of range"):
            r.incr("word")

    def test_ranges(self):
        r = self.r
        self.assertEqual(r.append("k", "Hello"), 5)
        self.assertEqual(r.append("k", " World"), 11)
        self.assertEqual(r.strlen("k"), 11)
        self.assertEqual(r.getrange("k", -5, -1), b"World")
        self.assertEqual(r.setrange("k", 6, "Redis"), 11)
        self.assertEqual(r.get("k"), b"Hello Redis")
        self.assertEqual(r.setrange("padded", 3, "x"), 4)
        self.assertEqual(r.get("padded"), b"\0\0\0x")

    def test_longest_common_subsequence(self):
        self.r.mset({"a": "ohmytext", "b": "mynewtext"})
        self.assertEqual(self.r.execute_command("LCS", "a", "b"), b"mytext")
        self.assertEqual(self.r.execute_command("LCS", "a", "b", "LEN"), 6)

    def test_binary_keys_and_values(self):
        every_byte = bytes(range(256))
        self.r.set(every_byte, every_byte * 10)
        self.assertEqual(self.r.get(every_byte), every_byte * 10)
        self.assertEqual(self.r.keys(), [every_byte])

    def test_large_values(self):
        for size in (32 * 1024 - 1, 32 * 1024, 1 << 20, (4 if SMALL else 64) << 20):
            value = bytes(i * 7 & 255 for i in range(1000)) * (size // 1000 + 1)
            self.r.set("large", value[:size])
            self.assertEqual(self.r.strlen("large"), size)
            self.assertEqual(self.r.get("large"), value[:size])

    # --- Bitmaps ---

    def test_bitmaps(self):
        r = self.r
        self.assertEqual(r.setbit("b", 7, 1), 0)
        self.assertEqual(r.setbit("b", 7, 1), 1)
        self.assertEqual((r.getbit("b", 7), r.getbit("b", 1000)), (1, 0))
        r.set("k", b"\xff\xf0\x00")
        self.assertEqual((r.bitcount("k"), r.bitcount("k", 1, 1)), (12, 4))
        self.assertEqual((r.bitpos("k", 0), r.bitpos("k", 1, 2)), (12, -1))
        r.set("l", b"\x0f\x0f")
        self.assertEqual(r.bitop("AND", "and", "k", "l"), 3)
        self.assertEqual(r.get("and"), b"\x0f\x00\x00")
        self.assertEqual(r.bitop("NOT", "not", "l"), 2)
        self.assertEqual(r.get("not"), b"\xf0\xf0")

    def test_bitfield(self):
        fields = self.r.bitfield("fields", default_overflow="SAT")
        fields.set("u8", 0, 250).incrby("u8", 0, 10).get("i4", 0).set("i16", "#1", -3)
        self.assertEqual(fields.execute(), [0, 255, -1, 0])
        self.assertEqual(self.r.bitfield("fields").get("i16", "#1").execute(), [-3])

    # --- Keys ---

    def test_keys(self):
        r = self.r
        r.mset({"a": 1, "b": 2, "c": 3})
        self.assertEqual(r.exists("a", "b", "nothing", "a"), 3)
        self.assertEqual(r.touch("a", "nothing"), 1)
        self.assertEqual(r.type("a"), b"string")
        self.assertIs(r.rename("a", "z"), True)
        self.assertIs(r.renamenx("z", "b"), False)
        self.assertIs(r.copy("z", "y"), True)
        self.assertEqual(sorted(r.keys("[yz]")), [b"y", b"z"])
        self.assertEqual(r.delete("y", "nothing"), 1)
        self.assertEqual(r.unlink("z", "b"), 2)
        self.assertEqual(r.dbsize(), 1)
        self.assertEqual(r.randomkey(), b"c")
        with self.assertRaisesRegex(redis.ResponseError, "no such key"):
            r.rename("nothing", "other")

    def test_object(self):
        r = self.r
        r.mset({"number": 12345, "short": "abc", "long": "x" * 100})
        encodings = [r.object("ENCODING", key) for key in ("number", "short", "long")]
        self.assertEqual(encodings, [b"int", b"embstr", b"raw"])
        self.assertEqual(r.object("REFCOUNT", "short"), 1)
        self.assertLess(r.object("IDLETIME", "short"), 60)
        self.assertGreater(r.memory_usage("long"), 100)
        self.assertIsNone(r.memory_usage("nothing"))

    def test_databases(self):
        other = self.connect(db=5)
        self.r.set("k", "zero")
        self.assertIsNone(other.get("k"))
        self.assertIs(self.r.move("k", 5), True)
        self.assertEqual(other.get("k"), b"zero")
        self.r.swapdb(0, 5)
        self.assertEqual(self.r.get("k"), b"zero")
        other.set("k", "five")
        other.flushdb()
        self.assertEqual((self.r.dbsize(), other.dbsize()), (1, 0))

    def test_expiry(self):
        r = self.r
        r.mset({"a": 1, "b": 2, "c": 3, "d": 4})
        self.assertIs(r.expire("a", 100), True)
        self.assertIs(r.expire("nothing", 100), False)
        self.assertIs(r.expire("a", 50, gt=True), False)
        self.assertIs(r.pexpire("b", 100000), True)
        at = int(time.time()) + 1000
        self.assertIs(r.expireat("c", at), True)
        self.assertEqual(r.execute_command("EXPIRETIME", "c"), at)
        self.assertIs(r.pexpireat("d", at * 1000 + 5), True)
        self.assertEqual(r.execute_command("PEXPIRETIME", "d"), at * 1000 + 5)
        self.assertTrue(90 < r.ttl("a") <= 100)
        self.assertIs(r.persist("a"), True)
        self.assertEqual((r.ttl("a"), r.ttl("nothing")), (-1, -2))
        r.pexpire("b", 20)
        self.assertTrue(eventually(lambda: r.get("b") is None))
        self.assertEqual(r.expire("a", -1), True)
        self.assertEqual(r.exists("a"), 0)

    def test_expired_keys_leave_by_themselves(self):
        pipe = self.r.pipeline(transaction=False)
        for i in range(500):
            pipe.set(f"soon:{i}", i, px=30)
        pipe.execute()
        self.assertTrue(eventually(lambda: self.r.dbsize() == 0))

    def test_scan_iter(self):
        self.r.mset({f"user:{i}": i for i in range(1000)})
        self.r.set("other", "x")
        self.assertEqual({k for k in self.r.scan_iter()},
                         {b"user:%d" % i for i in range(1000)} | {b"other"})
        self.assertEqual({k for k in self.r.scan_iter(match="user:99?", count=50)},
                         {b"user:%d" % i for i in range(990, 1000)})
        self.assertEqual(list(self.r.scan_iter(_type="list")), [])
        self.assertEqual(len(list(self.r.scan_iter(_type="string", count=300))), 1001)

    # --- Pipelines and connections ---

    def test_pipeline(self):
        pipe = self.r.pipeline(transaction=False)
        count = 500 if SMALL else 10000
        for i in range(count):
            pipe.set(f"k{i}", i).incr(f"k{i}")
        self.assertEqual(pipe.execute(), [x for i in range(count) for x in (True, i + 1)])

    def test_pipeline_with_errors(self):
        pipe = self.r.pipeline(transaction=False)
        pipe.set("word", "abc").incr("word").get("word")
        results = pipe.execute(raise_on_error=False)
        self.assertEqual((results[0], results[2]), (True, b"abc"))
        self.assertIsInstance(results[1], redis.ResponseError)

    def test_decoded_responses(self):
        r = self.connect(decode_responses=True)
        r.set("grüße", "žluťoučký kůň ☃")
        self.assertEqual(r.get("grüße"), "žluťoučký kůň ☃")
        self.assertEqual(r.keys("gr*"), ["grüße"])

    def test_unix_socket(self):
        r = redis.Redis(unix_socket_path=self.server.unix_socket)
        self.addCleanup(r.connection_pool.disconnect)
        self.assertIs(r.set("via", "socket"), True)
        self.assertEqual(self.r.get("via"), b"socket")

    def test_url_with_a_database(self):
        r = redis.from_url(f"redis://{HOST}:{self.server.port}/7?client_name=by-url")
        self.addCleanup(r.connection_pool.disconnect)
        self.assertEqual(r.client_getname(), "by-url")
        self.assertEqual(r.client_list(client_id=[str(r.client_id())])[0]["db"], "7")

    def test_connection_pool_and_threads(self):
        pool = redis.BlockingConnectionPool(host=HOST, port=self.server.port, max_connections=8)
        self.addCleanup(pool.disconnect)
        rounds = 50 if SMALL else 500

        def work():
            client = redis.Redis(connection_pool=pool)
            for _ in range(rounds):
                client.incr("total")

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(int(self.r.get("total")), 16 * rounds)

    # --- Clients and the server ---

    def test_client_commands(self):
        one = self.connect(client_name="one")
        self.assertEqual(one.client_getname(), "one")
        self.assertIs(one.client_setname("first"), True)
        entry = next(c for c in self.r.client_list() if c["name"] == "first")
        self.assertEqual(int(entry["id"]), one.client_id())
        self.assertEqual(one.client_info()["name"], "first")
        with self.assertRaisesRegex(redis.ResponseError, "cannot contain spaces"):
            one.client_setname("two words")
        self.assertEqual(self.r.client_kill_filter(_id=entry["id"]), 1)
        self.assertIsNone(next((c for c in self.r.client_list() if c["name"] == "first"), None))
        self.assertIs(one.ping(), True)  # It has reconnected.

    def test_config(self):
        r = self.r
        self.assertEqual(r.config_get("maxmemory"), {"maxmemory": "0"})
        self.assertIn("appendonly", r.config_get("*"))
        self.assertIs(r.config_set("maxmemory", "100mb"), True)
        self.addCleanup(r.config_set, "maxmemory", 0)
        self.assertEqual(r.config_get("maxmem*")["maxmemory"], str(100 << 20))
        with self.assertRaises(redis.ResponseError):
            r.config_set("maxmemory", "a lot")
        with self.assertRaises(redis.ResponseError):
            r.config_set("no-such-option", "1")
        self.assertIs(r.config_resetstat(), True)

    def test_info(self):
        self.r.set("k", "v", ex=100)
        info = self.r.info()
        self.assertEqual(info["tcp_port"], self.server.port)
        self.assertEqual(info["process_id"], self.server.process.pid)
        self.assertEqual(info["redis_mode"], "standalone")
        self.assertEqual(info["role"], "master")
        self.assertGreaterEqual(info["connected_clients"], 1)
        self.assertGreater(info["used_memory"], 0)
        self.assertEqual((info["db0"]["keys"], info["db0"]["expires"]), (1, 1))
        major, minor, _ = (int(part) for part in info["redis_version"].split("."))
        self.assertGreaterEqual((major, minor), (7, 0))
        self.assertEqual(set(self.r.info("keyspace")), {"db0"})
        self.assertIn("cmdstat_set", self.r.info("commandstats"))

    def test_server_commands(self):
        r = self.r
        self.assertIs(r.ping(), True)
        self.assertEqual(r.echo("hello"), b"hello")
        seconds, microseconds = r.time()
        self.assertLess(abs(seconds + microseconds / 1e6 - time.time()), 5)
        self.assertGreater(r.command_count(), 50)
        self.assertEqual(r.command()["get"]["arity"], 2)
        self.assertEqual(r.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
        self.assertIs(r.slowlog_reset(), True)
        self.assertEqual(r.slowlog_len(), 0)

    def test_errors(self):
        with self.assertRaisesRegex(redis.ResponseError, "unknown command 'NOSUCH'"):
            self.r.execute_command("NOSUCH", "x")
        with self.assertRaisesRegex(redis.ResponseError, "wrong number of arguments for 'get'"):
            self.r.execute_command("GET")
        self.assertIs(self.r.ping(), True)

    def test_monitor(self):
        with self.r.monitor() as monitor:
            self.connect().set("seen", "by monitor")
            for command in monitor.listen():
                if command["command"].startswith("SET"):
                    break
        self.assertEqual(command["command"], "SET seen by monitor")
        self.assertEqual((command["db"], command["client_type"]), (0, "tcp"))


class Password(unittest.TestCase):
    def test_password(self):
        server = self.enterContext(listening_server("--requirepass", "secret"))
        right, wrong, none = (redis.Redis(HOST, server.port, password=p)
                              for p in ("secret", "guess", None))
        self.assertIs(right.ping(), True)
        with self.assertRaisesRegex(redis.ResponseError, "WRONGPASS"):
            wrong.ping()
        with self.assertRaises(redis.AuthenticationError):
            none.ping()
        for client in (right, wrong, none):
            client.connection_pool.disconnect()


if __name__ == "__main__":
    unittest.main(verbosity=2)
