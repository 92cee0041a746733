#!/usr/bin/python3
"""Lists, hashes, sets, sorted sets, blocking and transactions through redis-py."""

import threading
import time
import unittest

import redis

from listening import HOST, SMALL, eventually, listening_server

LARGE = 2000 if SMALL else 20000  # Far beyond every small encoding.


class Connected(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())

    def setUp(self):
        self.r = self.connect()
        self.r.flushall()

    def connect(self, **options):
        client = redis.Redis(HOST, self.server.port, decode_responses=True, **options)
        self.addCleanup(client.connection_pool.disconnect)
        return client


class Collections(Connected):
    def test_lists(self):
        r = self.r
        self.assertEqual(r.rpush("l", "a", "b", "c"), 3)
        self.assertEqual(r.lpush("l", "z"), 4)
        self.assertEqual(r.lpushx("none", "x"), 0)
        self.assertEqual(r.lrange("l", 0, -1), ["z", "a", "b", "c"])
        self.assertEqual((r.lindex("l", 1), r.lindex("l", 9), r.llen("l")), ("a", None, 4))
        self.assertEqual(r.linsert("l", "BEFORE", "b", "x"), 5)
        self.assertIs(r.lset("l", 0, "x"), True)
        self.assertEqual((r.lpos("l", "x"), r.lpos("l", "x", count=0)), (0, [0, 2]))
        self.assertEqual(r.lrem("l", 0, "x"), 2)
        self.assertEqual((r.lpop("l"), r.rpop("l", 5)), ("a", ["c", "b"]))
        self.assertEqual((r.exists("l"), r.lpop("l")), (0, None))
        r.rpush("from", 1, 2, 3)
        self.assertEqual(r.lmove("from", "to", "LEFT", "RIGHT"), "1")
        self.assertEqual(r.rpoplpush("from", "to"), "3")
        self.assertIs(r.ltrim("to", 0, 0), True)
        self.assertEqual(r.lmpop(2, "none", "to", direction="LEFT", count=9), ["to", ["3"]])

    def test_a_long_list(self):
        values = [f"value {i}" for i in range(LARGE)]
        self.r.rpush("l", *values)
        self.assertEqual(self.r.lrange("l", 0, -1), values)
        self.assertEqual(self.r.lrange("l", -3, -2), values[-3:-1])
        self.assertEqual(self.r.lindex("l", LARGE // 2), values[LARGE // 2])
        self.assertEqual(self.r.lpos("l", values[-1]), LARGE - 1)

    def test_hashes(self):
        r = self.r
        self.assertEqual(r.hset("h", mapping={"a": 1, "b": "two", "c": "ü"}), 3)
        self.assertEqual(r.hset("h", "a", 5), 0)
        self.assertEqual(r.hsetnx("h", "a", 6), 0)
        self.assertEqual(r.hgetall("h"), {"a": "5", "b": "two", "c": "ü"})
        self.assertEqual(r.hmget("h", "a", "none"), ["5", None])
        self.assertEqual((r.hincrby("h", "a", 3), r.hincrbyfloat("h", "f", 1.5)), (8, 1.5))
        self.assertEqual((r.hlen("h"), r.hstrlen("h", "c")), (4, 2))
        self.assertEqual((r.hexists("h", "a"), r.hexists("h", "z")), (True, False))
        self.assertEqual(r.hdel("h", "f", "z"), 1)
        self.assertEqual((sorted(r.hkeys("h")), sorted(r.hvals("h"))),
                         (["a", "b", "c"], ["8", "two", "ü"]))
        self.assertIn(r.hrandfield("h"), "abc")
        self.assertEqual(len(r.hrandfield("h", -10, withvalues=True)), 20)

    def test_a_large_hash(self):
        fields = {f"field {i}": f"value {i}" for i in range(LARGE)}
        self.r.hset("h", mapping=fields)
        self.assertEqual(self.r.hgetall("h"), fields)
        self.assertEqual(dict(self.r.hscan_iter("h", count=500)), fields)
        self.assertEqual(dict(self.r.hscan_iter("h", match="field 19?")),
                         {f"field {i}": f"value {i}" for i in range(190, 200)})

    def test_sets(self):
        r = self.r
        self.assertEqual(r.sadd("a", 1, 2, 3, 3), 3)
        r.sadd("b", 2, 3, "four")
        self.assertEqual(r.smembers("a"), {"1", "2", "3"})
        self.assertEqual((r.sismember("a", 1), r.smismember("a", [1, 9])), (True, [1, 0]))
        self.assertEqual(r.sinter("a", "b"), {"2", "3"})
        self.assertEqual(r.sunion("a", "b"), {"1", "2", "3", "four"})
        self.assertEqual(r.sdiff("a", "b"), {"1"})
        self.assertEqual((r.sinterstore("i", "a", "b"), r.sunionstore("u", "a", "b"),
                          r.sdiffstore("d", "a", "b")), (2, 4, 1))
        self.assertEqual(r.sintercard(2, ["a", "b"], limit=1), 1)
        self.assertIs(r.smove("a", "b", "1"), True)
        self.assertEqual((r.srem("b", "1", "none"), r.scard("b")), (1, 3))
        self.assertEqual(len(r.srandmember("b", -7)), 7)
        popped = r.spop("b", 2)
        self.assertEqual(r.smembers("b") | set(popped), {"2", "3", "four"})

    def test_large_sets(self):
        evens, threes = set(range(0, LARGE, 2)), set(range(0, LARGE, 3))
        self.r.sadd("evens", *evens)
        self.r.sadd("threes", *(f"{i}" for i in threes))
        for name, expected in (("sinter", evens & threes), ("sunion", evens | threes),
                               ("sdiff", evens - threes)):
            found = getattr(self.r, name)("evens", "threes")
            self.assertEqual({int(i) for i in found}, expected)
        self.assertEqual({int(i) for i in self.r.sscan_iter("evens", count=300)}, evens)

    def test_sorted_sets(self):
        r = self.r
        self.assertEqual(r.zadd("z", {"a": 1, "b": 2.5, "c": float("inf")}), 3)
        self.assertEqual(r.zadd("z", {"a": 0, "d": 3}, nx=True), 1)
        self.assertEqual(r.zadd("z", {"a": 2}, gt=True, ch=True), 1)
        self.assertEqual(r.zadd("z", {"a": 1}, incr=True), 3.0)
        self.assertEqual(r.zrange("z", 0, -1, withscores=True),
                         [("b", 2.5), ("a", 3.0), ("d", 3.0), ("c", float("inf"))])
        self.assertEqual(r.zrange("z", "(2.5", "+inf", byscore=True, offset=1, num=1), ["d"])
        self.assertEqual(r.zrevrangebyscore("z", 3, "-inf"), ["d", "a", "b"])
        self.assertEqual((r.zrank("z", "a"), r.zrevrank("z", "a"), r.zrank("z", "x")), (1, 2, None))
        self.assertEqual((r.zscore("z", "b"), r.zmscore("z", ["b", "x"])), (2.5, [2.5, None]))
        self.assertEqual((r.zcard("z"), r.zcount("z", 3, 3)), (4, 2))
        self.assertEqual(r.zincrby("z", 1.5, "b"), 4.0)
        self.assertEqual((r.zpopmin("z"), r.zpopmax("z", 2)),
                         ([("a", 3.0)], [("c", float("inf")), ("b", 4.0)]))
        self.assertEqual(r.zremrangebyrank("z", 0, 0), 1)
        r.zadd("w", dict.fromkeys("abcde", 0))
        self.assertEqual(r.zrangebylex("w", "[b", "(e"), ["b", "c", "d"])
        self.assertEqual((r.zlexcount("w", "-", "+"), r.zremrangebylex("w", "-", "(c")), (5, 2))
        self.assertEqual(r.zrangestore("top", "w", 0, 1), 2)
        self.assertEqual(r.zmpop(2, ["none", "top"], max=True), ["top", [["d", "0"]]])

    def test_sorted_set_algebra(self):
        r = self.r
        r.zadd("a", {"x": 1, "y": 2})
        r.zadd("b", {"y": 10, "z": 20})
        self.assertEqual(r.zunion(["a", "b"], withscores=True), [("x", 1), ("y", 12), ("z", 20)])
        self.assertEqual(r.zinter({"a": 2, "b": 1}, aggregate="MAX", withscores=True), [("y", 10)])
        self.assertEqual(r.zdiff(["a", "b"]), ["x"])
        self.assertEqual((r.zunionstore("u", ["a", "b"]), r.zinterstore("i", ["a", "b"]),
                          r.zdiffstore("d", ["a", "b"])), (3, 1, 1))
        self.assertEqual(r.zintercard(2, ["a", "b"]), 1)

    def test_a_leaderboard(self):
        self.r.zadd("z", {f"player {i}": i * 7 % LARGE for i in range(LARGE)})
        best = self.r.zrange("z", 0, 9, desc=True, withscores=True)
        self.assertEqual([score for _, score in best], list(range(LARGE - 1, LARGE - 11, -1)))
        middle = self.r.zrange("z", LARGE // 2, LARGE // 2 + 4, withscores=True)
        for i, (player, score) in enumerate(middle):
            self.assertEqual((score, self.r.zrank("z", player)), (LARGE // 2 + i,) * 2)
        self.assertEqual(len(dict(self.r.zscan_iter("z", count=700))), LARGE)

    def test_sort(self):
        self.r.rpush("ids", 3, 1, 2)
        self.r.mset({"weight_1": 30, "weight_2": 20, "weight_3": 10})
        for i in (1, 2, 3):
            self.r.hset(f"item:{i}", "name", f"item {i}")
        self.assertEqual(self.r.sort("ids", desc=True), ["3", "2", "1"])
        self.assertEqual(self.r.sort("ids", by="weight_*", get=["#", "item:*->name"], groups=True),
                         [("3", "item 3"), ("2", "item 2"), ("1", "item 1")])
        self.assertEqual(self.r.sort("ids", start=1, num=1, store="sorted"), 1)
        self.assertEqual(self.r.lrange("sorted", 0, -1), ["2"])

    def test_types_and_encodings(self):
        r = self.r
        r.rpush("list", 1)
        r.hset("hash", "f", "v")
        r.sadd("set", 1)
        r.zadd("zset", {"m": 1})
        self.assertEqual({key: r.type(key) for key in r.keys()},
                         {name: name for name in ("list", "hash", "set", "zset")})
        self.assertEqual(r.object("ENCODING", "set"), "intset")
        r.hset("hash", "f", "v" * 100)
        self.assertEqual(r.object("ENCODING", "hash"), "hashtable")
        self.assertEqual(list(r.scan_iter(_type="zset")), ["zset"])
        self.assertIs(r.copy("zset", "other"), True)
        self.assertGreater(r.memory_usage("hash"), 100)
        with self.assertRaisesRegex(redis.ResponseError, "WRONGTYPE"):
            r.lpush("hash", "x")


class Blocking(Connected):
    def later(self, call, *arguments):
        """Calls in 50 ms from another thread."""
        timer = threading.Timer(0.05, call, arguments)
        timer.start()
        self.addCleanup(timer.join)

    def test_waiting_for_each_type(self):
        blocked, r = self.connect(), self.r
        self.later(r.rpush, "l", "x")
        self.assertEqual(blocked.blpop(["k", "l"], timeout=20), ("l", "x"))
        self.later(r.lpush, "k", "y")
        self.assertEqual(blocked.brpop(["k", "l"], timeout=20), ("k", "y"))
        self.later(r.zadd, "z", {"m": 3})
        self.assertEqual(blocked.bzpopmin("z", timeout=20), ("z", "m", 3.0))
        self.later(r.rpush, "l", "1", "2", "3")
        self.assertEqual(blocked.blmpop(20, 1, "l", direction="RIGHT", count=2), ["l", ["3", "2"]])
        self.later(r.lpush, "k", "z")
        self.assertEqual(blocked.blmove("k", "to", 20, "LEFT", "RIGHT"), "z")
        self.assertEqual(r.lrange("to", 0, -1), ["z"])

    def test_nothing_comes(self):
        began = time.monotonic()
        self.assertIsNone(self.r.blpop("none", timeout=0.2))
        self.assertGreaterEqual(time.monotonic() - began, 0.19)

    def test_a_queue_and_its_workers(self):
        """Every item comes to one worker, and to nobody twice."""
        items = 500 if SMALL else 5000
        taken = [[] for _ in range(8)]

        def work(mine):
            client = self.connect()
            while (item := client.blpop("queue", timeout=20)[1]) != "stop":
                mine.append(int(item))

        threads = [threading.Thread(target=work, args=[mine]) for mine in taken]
        for thread in threads:
            thread.start()
        for i in range(items):
            self.r.rpush("queue", i)
        self.r.rpush("queue", *["stop"] * len(threads))
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(sum(taken, [])), list(range(items)))
        self.assertTrue(all(mine == sorted(mine) for mine in taken))

    def test_unblocking(self):
        blocked = self.connect()
        ident = blocked.client_id()
        self.assertTrue(ident)
        results = []
        thread = threading.Thread(target=lambda: results.append(blocked.blpop("none", timeout=20)))
        thread.start()
        self.assertTrue(eventually(lambda: self.r.client_unblock(ident)))
        thread.join()
        self.assertEqual(results, [None])


class Transactions(Connected):
    def test_all_or_nothing(self):
        pipe = self.r.pipeline(transaction=True)
        self.assertEqual(pipe.set("k", 1).incr("k").lpush("l", "a").hset("h", "f", "v").execute(),
                         [True, 2, 1, 1])
        pipe.execute_command("NOSUCH")
        pipe.set("k", "changed")
        with self.assertRaises(redis.ResponseError):
            pipe.execute()
        self.assertEqual(self.r.get("k"), "2")

    def test_an_error_on_the_way(self):
        pipe = self.r.pipeline()
        replies = pipe.set("k", "word").incr("k").get("k").execute(raise_on_error=False)
        self.assertEqual((replies[0], replies[2]), (True, "word"))
        self.assertIsInstance(replies[1], redis.ResponseError)

    def test_a_watched_key(self):
        with self.r.pipeline() as pipe:
            pipe.watch("k")
            self.assertIsNone(pipe.get("k"))
            self.r.set("k", "somebody else's")
            pipe.multi()
            pipe.set("k", "mine")
            with self.assertRaises(redis.WatchError):
                pipe.execute()
        self.assertEqual(self.r.get("k"), "somebody else's")

    def test_counting_together_without_incr(self):
        """redis-py's transaction() tries again when a watched key has changed."""
        rounds, workers = (20 if SMALL else 100), 6

        def work():
            client = self.connect()

            def increment(pipe):
                value = int(pipe.get("count") or 0)
                pipe.multi()
                pipe.set("count", value + 1)

            for _ in range(rounds):
                client.transaction(increment, "count")

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(int(self.r.get("count")), rounds * workers)

    def test_a_large_transaction(self):
        pipe = self.r.pipeline()
        for i in range(LARGE):
            pipe.hset("h", i, i)
            pipe.hget("h", i)
        self.assertEqual(pipe.execute(), [x for i in range(LARGE) for x in (1, str(i))])


if __name__ == "__main__":
    unittest.main(verbosity=2)
