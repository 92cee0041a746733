#!/usr/bin/python3
"""Publish/subscribe and keyspace notifications through redis-py."""

import threading
import time
import unittest

import redis

from listening import HOST, SMALL, eventually, listening_server

PATIENCE_S = 20


class Connected(unittest.TestCase):
    """A server, a client, and subscribers that note what they are told."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(listening_server())

    def setUp(self):
        self.r = self.connect()
        self.r.flushall()

    def connect(self, **options):
        client = redis.Redis(HOST, self.server.port, **options)
        self.addCleanup(client.connection_pool.disconnect)
        return client

    def pubsub(self, **options):
        subscriber = self.connect(**options).pubsub()
        self.addCleanup(subscriber.close)
        return subscriber

    def next(self, subscriber):
        """The next message; it is an error when none comes."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            message = subscriber.get_message(timeout=1)
            if message:
                return message
        self.fail("no message came")

    def take(self, subscriber, count):
        return [self.next(subscriber) for _ in range(count)]

    def subscribed(self, *channels, patterns=(), **options):
        """A subscriber that has been told so."""
        subscriber = self.pubsub(**options)
        if channels:
            subscriber.subscribe(*channels)
        if patterns:
            subscriber.psubscribe(*patterns)
        self.take(subscriber, len(channels) + len(patterns))
        return subscriber


class PublishSubscribe(Connected):
    def test_subscribing_and_unsubscribing(self):
        s = self.pubsub()
        s.subscribe("a", "b")
        s.psubscribe("p*")
        self.assertEqual([(m["type"], m["channel"], m["data"]) for m in self.take(s, 3)],
                         [("subscribe", b"a", 1), ("subscribe", b"b", 2), ("psubscribe", b"p*", 3)])
        s.unsubscribe("a")
        s.punsubscribe()
        self.assertEqual([(m["type"], m["channel"], m["data"]) for m in self.take(s, 2)],
                         [("unsubscribe", b"a", 2), ("punsubscribe", b"p*", 1)])
        self.assertTrue(s.subscribed)
        s.unsubscribe()
        self.assertEqual(self.next(s)["data"], 0)
        self.assertFalse(s.subscribed)

    def test_messages(self):
        s = self.subscribed("news")
        self.assertEqual(self.r.publish("news", "hello"), 1)
        self.assertEqual(self.r.publish("other", "hello"), 0)
        self.assertEqual(self.next(s), {"type": "message", "pattern": None, "channel": b"news",
                                        "data": b"hello"})

    def test_patterns(self):
        s = self.subscribed("news.art", patterns=["news.*", "n[aeiou]ws.*"])
        self.assertEqual(self.r.publish("news.art", "x"), 3)
        got = [(m["type"], m["pattern"]) for m in self.take(s, 3)]
        self.assertEqual(sorted(got, key=str),
                         sorted([("message", None), ("pmessage", b"news.*"),
                                 ("pmessage", b"n[aeiou]ws.*")], key=str))
        self.assertEqual(self.r.publish("naws.x", "y"), 1)
        self.assertEqual(self.next(s), {"type": "pmessage", "pattern": b"n[aeiou]ws.*",
                                        "channel": b"naws.x", "data": b"y"})

    def test_binary_names_and_large_messages(self):
        every_byte = bytes(range(256))
        s = self.subscribed(every_byte)
        large = every_byte * ((1 if SMALL else 16) << 12)
        self.assertEqual(self.r.publish(every_byte, large), 1)
        message = self.next(s)
        self.assertEqual((message["channel"], message["data"] == large), (every_byte, True))

    def test_decoded_messages(self):
        s = self.subscribed("grüße", decode_responses=True)
        self.r.publish("grüße", "☃")
        self.assertEqual(self.next(s)["data"], "☃")

    def test_order_and_many_subscribers(self):
        count = 300 if SMALL else 5000
        subscribers = [self.subscribed("feed") for _ in range(10)]
        pipe = self.r.pipeline(transaction=False)
        for i in range(count):
            pipe.publish("feed", i)
        self.assertEqual(set(pipe.execute()), {10})
        for s in subscribers:
            self.assertEqual([int(m["data"]) for m in self.take(s, count)], list(range(count)))

    def test_handlers_in_a_thread(self):
        got, done = [], threading.Event()

        def handle(message):
            got.append(message["data"])
            if message["data"] == b"last":
                done.set()

        s = self.pubsub()
        s.subscribe(**{"work": handle})
        s.psubscribe(**{"wor?s": handle})
        thread = s.run_in_thread(sleep_time=0.01, daemon=True)
        self.assertTrue(eventually(lambda: self.r.pubsub_numsub("work") == [(b"work", 1)]))
        self.assertTrue(eventually(lambda: self.r.pubsub_numpat() == 1))
        for channel, data in (("work", "first"), ("words", "second"), ("work", "last")):
            self.assertEqual(self.r.publish(channel, data), 1)
        self.assertTrue(done.wait(PATIENCE_S))
        thread.stop()
        thread.join()
        self.assertEqual(got, [b"first", b"second", b"last"])

    def test_who_is_subscribed(self):
        one, two = self.subscribed("a", "ab"), self.subscribed("a", patterns=["x*", "y*"])
        self.assertEqual(sorted(self.r.pubsub_channels()), [b"a", b"ab"])
        self.assertEqual(self.r.pubsub_channels("?b"), [b"ab"])
        self.assertEqual(self.r.pubsub_numsub("a", "ab", "none"),
                         [(b"a", 2), (b"ab", 1), (b"none", 0)])
        self.assertEqual(self.r.pubsub_numpat(), 2)
        entry = next(c for c in self.r.client_list() if c["psub"] == "2")
        self.assertEqual(entry["sub"], "1")
        for subscriber in (one, two):
            subscriber.close()
        self.assertTrue(eventually(lambda: self.r.pubsub_channels() == []))
        self.assertEqual((self.r.pubsub_numpat(), self.r.publish("a", "x")), (0, 0))

    def test_ping_of_a_subscriber(self):
        s = self.subscribed("a")
        s.ping("are you there")
        self.assertEqual(self.next(s), {"type": "pong", "pattern": None, "channel": None,
                                        "data": b"are you there"})

    def test_other_commands_wait_until_nothing_is_subscribed(self):
        s = self.subscribed("a")
        s.connection.send_command("GET", "k")
        with self.assertRaisesRegex(redis.ResponseError, "only .* allowed in this context"):
            s.connection.read_response()

    def test_a_killed_subscriber_subscribes_again(self):
        s = self.subscribed("a", patterns=["b*"], client_name="victim")
        victim = next(c for c in self.r.client_list() if c["name"] == "victim")
        self.assertEqual(self.r.client_kill_filter(_id=victim["id"]), 1)
        with self.assertRaises(redis.ConnectionError):
            s.get_message(timeout=PATIENCE_S)
        self.take(s, 2)  # It has connected and subscribed again.
        self.assertEqual((self.r.publish("a", "again"), self.r.pubsub_numpat()), (1, 1))
        self.assertEqual(self.next(s)["data"], b"again")

    def test_publishing_in_a_transaction(self):
        s = self.subscribed("a")
        pipe = self.r.pipeline(transaction=True)
        self.assertEqual(pipe.set("k", "v").publish("a", "done").execute(), [True, 1])
        self.assertEqual(self.next(s)["data"], b"done")

    def test_shard_channels(self):
        """redis-py has no words for them yet."""
        s = self.pubsub()
        s.execute_command("SSUBSCRIBE", "shard")
        self.assertEqual(s.connection.read_response(), [b"ssubscribe", b"shard", 1])
        self.assertEqual(self.r.execute_command("SPUBLISH", "shard", "m"), 1)
        self.assertEqual(self.r.publish("shard", "m"), 0)
        self.assertEqual(s.connection.read_response(), [b"smessage", b"shard", b"m"])
        self.assertEqual(self.r.execute_command("PUBSUB", "SHARDNUMSUB", "shard"), [b"shard", 1])


class Notifications(Connected):
    def notified(self, flags, *patterns):
        self.r.config_set("notify-keyspace-events", flags)
        self.addCleanup(self.r.config_set, "notify-keyspace-events", "")
        return self.subscribed(patterns=patterns)

    def events(self, subscriber, count):
        """(what the channel names, what the message says) of the next messages."""
        return [(m["channel"].partition(b":")[2].decode(), m["data"].decode())
                for m in self.take(subscriber, count)]

    def test_both_kinds_of_channels(self):
        s = self.notified("KEA", "__key*@0__:*")
        self.r.set("k", "v")
        self.r.delete("k")
        channels = [(m["channel"], m["data"]) for m in self.take(s, 4)]
        self.assertEqual(channels, [(b"__keyspace@0__:k", b"set"), (b"__keyevent@0__:set", b"k"),
                                    (b"__keyspace@0__:k", b"del"), (b"__keyevent@0__:del", b"k")])

    def test_events_of_every_type(self):
        s = self.notified("EA", "__keyevent@0__:*")
        r = self.r
        r.set("s", 1)
        r.incr("s")
        r.rpush("l", "a", "b")
        r.lpop("l")
        r.hset("h", "f", "v")
        r.hincrby("h", "n", 2)
        r.sadd("set", "m")
        r.srem("set", "m")
        r.zadd("z", {"m": 1})
        r.zincrby("z", 1, "m")
        r.rename("s", "t")
        r.expire("t", 100)
        r.persist("t")
        self.assertEqual(self.events(s, 15),
                         [("set", "s"), ("incrby", "s"), ("rpush", "l"), ("lpop", "l"),
                          ("hset", "h"), ("hincrby", "h"), ("sadd", "set"), ("srem", "set"),
                          ("del", "set"), ("zadd", "z"), ("zincr", "z"), ("rename_from", "s"),
                          ("rename_to", "t"), ("expire", "t"), ("persist", "t")])

    def test_classes_are_chosen(self):
        s = self.notified("Elz", "__keyevent@0__:*")
        self.r.set("s", 1)
        self.r.rpush("l", "a")
        self.r.sadd("set", "m")
        self.r.zadd("z", {"m": 1})
        self.r.delete("l")
        self.assertEqual(self.events(s, 2), [("rpush", "l"), ("zadd", "z")])
        self.assertIsNone(s.get_message(timeout=0.1))

    def test_expired_keys_are_told_on_time(self):
        s = self.notified("Ex", "__keyevent@*__:expired")
        count = 100
        pipe = self.r.pipeline(transaction=False)
        for i in range(count):
            pipe.set(f"k{i}", i, px=100)
        pipe.execute()
        began = time.monotonic()
        told = {m["data"] for m in self.take(s, count)}
        self.assertEqual(told, {b"k%d" % i for i in range(count)})
        self.assertLess(time.monotonic() - began, 10)

    def test_other_databases_have_their_own_channels(self):
        s = self.notified("K$", "__keyspace@3__:*")
        self.r.set("k", "0")
        self.connect(db=3).set("k", "3")
        self.assertEqual(self.next(s)["channel"], b"__keyspace@3__:k")

    def test_events_of_a_transaction_come_in_order(self):
        s = self.notified("KEA", "__keyspace@0__:*")
        self.r.pipeline().rpush("a", 1).lmove("a", "b").execute()
        self.assertEqual(self.events(s, 4),
                         [("a", "rpush"), ("b", "rpush"), ("a", "lpop"), ("a", "del")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
