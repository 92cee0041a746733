#!/usr/bin/env python3
"""Snapshots: SAVE, BGSAVE, save points, loading at start, exchange with redis-server, failures."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import KIND, Skipped, check, equal, expect, main, server  # noqa: E402
from support.facts import changed, info, read_file, write_file  # noqa: E402
from support.resp import ConnectionClosed  # noqa: E402
from support.server import Server, wait_until  # noqa: E402
from support.tools import run_tool  # noqa: E402

DEBUG = ("--enable-debug-command", "yes")
FAR_MS = 4102444800123


def dump_of(one):
    return os.path.join(one.directory, "dump.rdb")


def snapshots_in(directory):
    return [name for name in os.listdir(directory) if name.endswith("rdb")]


def idle(client):
    return info(client)["rdb_bgsave_in_progress"] == "0"


def bgsave(client):
    """Waits for the outcome, and returns it."""
    client.do("BGSAVE")
    expect(wait_until(lambda: idle(client)), "BGSAVE does not end")
    return info(client)["rdb_last_bgsave_status"]


def child_of(one):
    pid = one.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        (child,) = file.read().split()
    return int(child)


def ends(one, status=0):
    equal(one.wait(), status, "exit status")
    one.process = None


def shut_down(one, *how):
    with one.client() as client:
        try:
            client.do("SHUTDOWN", *how)
            raise AssertionError("SHUTDOWN was answered")
        except ConnectionClosed:
            pass
    ends(one)


def fill(client, fields_too=False):
    """Every type, small and large, numbers and bytes, deadlines, in two databases."""
    blob = bytes(range(256)) * 300
    for db in (0, 9):
        client.do("SELECT", db)
        client.do("SET", "empty", "")
        client.do("SET", "int", "-12345")
        client.do("SET", "big-int", "9223372036854775807")
        client.do("SET", "text", "a" * 1000)
        client.do("SET", b"bytes\x00\xff", blob)
        client.do("SET", "deadline", "v", "PXAT", FAR_MS)
        for size in (3, 3000):
            numbers = [str(n) for n in range(size)]
            words = [f"word-{n}" for n in range(size)]
            client.do("RPUSH", f"list-{size}", *words, *numbers)
            client.do("SADD", f"ints-{size}", *numbers)
            client.do("SADD", f"set-{size}", *words)
            client.do("HSET", f"hash-{size}", *(x for pair in zip(words, numbers) for x in pair))
            client.do("ZADD", f"zset-{size}", *(x for n in range(size) for x in (n / 3, words[n])))
        client.do("RPUSH", "long-list", "x" * 70000, "y")
        client.do("ZADD", "inf", "-inf", "a", "+inf", "b", "1e300", "c", "-0", "d")
        client.do("HSET", "hash-deadline", "f", "v")
        client.do("PEXPIREAT", "hash-deadline", FAR_MS)
    client.do("SELECT", 0)
    if fields_too:
        for key in ("hash-3", "hash-3000"):
            client.do("HPEXPIREAT", key, FAR_MS, "FIELDS", 1, "word-1")


def digest(client):
    return client.do("DEBUG", "DIGEST")


@check("SAVE and a restart bring back all types, with deadlines of keys and fields")
def round_trip():
    with server(*DEBUG) as one:
        with one.client() as client:
            fill(client, fields_too=KIND == "tarn")
            before = digest(client)
            expect(before != b"0" * 40, "nothing was written")
            equal(client.do("SAVE"), b"OK")
        one.stop()
        one.start()
        with one.client() as client:
            equal(digest(client), before, "digest")
            equal(client.do("PEXPIRETIME", "deadline"), FAR_MS)
            equal(client.do("DBSIZE"), 19)
            if KIND == "tarn":
                for key in ("hash-3", "hash-3000"):
                    wanted = [FAR_MS, -1]
                    fields = ("FIELDS", 2, "word-1", "word-2")
                    equal(client.do("HPEXPIRETIME", key, *fields), wanted, key)


@check("BGSAVE writes what the data was, and the server goes on")
def background():
    with server(*DEBUG) as one:
        with one.client() as client:
            fill(client)
            before = digest(client)
            started = int(client.do("LASTSAVE"))
            equal(client.do("BGSAVE"), b"Background saving started")
            client.do("FLUSHDB")
            expect(wait_until(lambda: idle(client)), "BGSAVE does not end")
            facts = info(client)
            equal(facts["rdb_last_bgsave_status"], "ok")
            equal(facts["rdb_saves"], "1")
            expect(int(facts["rdb_last_cow_size"]) > 0, "no copied memory is told")
            expect(int(client.do("LASTSAVE")) >= started, "LASTSAVE went back")
            expect(int(info(client, "stats")["latest_fork_usec"]) > 0, "no fork time is told")
        one.stop()
        one.start()
        with one.client() as client:
            equal(digest(client), before, "digest")


@check("INFO tells of a save that runs; a second one is refused")
def running_save():
    with server("--rdb-key-save-delay", "10000") as one, one.client() as client:
        for n in range(1000):
            client.do("SET", n, n)
        client.do("BGSAVE")
        facts = info(client)
        equal(facts["rdb_bgsave_in_progress"], "1")
        equal(facts["current_save_keys_total"], "1000")
        for again in (("BGSAVE",), ("SAVE",), ("BGSAVE", "SCHEDULE")):
            reply = client.call(*again)
            equal(reply.value, b"ERR Background save already in progress", str(again))
        equal(client.call("BGSAVE", "NOW").value, b"ERR syntax error")
        client.do("CONFIG", "SET", "rdb-key-save-delay", "0")
        one.signal(15)
        ends(one)
        expect(not os.path.exists(dump_of(one)), "an unfinished save became the file")
        left = [name for name in os.listdir(one.directory)
                if name not in ("server.log", ".tarn.lock")]
        equal(left, [], "files that a killed child left behind")


def overwrite(client, keys, count, tag):
    """Sets so many of the keys, in no order, to other values of the same length."""
    chosen = random.Random(tag).sample(range(keys), count)
    for first in range(0, len(chosen), 500):
        replies = client.pipeline(("SET", f"key:{n}", f"{tag:04}-{n:06}-" + "v" * 860)
                                  for n in chosen[first:first + 500])
        equal(set(replies), {b"OK"}, "replies")
    return chosen


@check("what is overwritten while a child saves is not copied for it", ours_only=True)
def little_is_copied():
    keys = 24000
    with server("--rdb-key-save-delay", "50", "--rdbcompression", "no") as one:
        with one.client() as client:
            overwrite(client, keys, keys, 0)
            equal(bgsave(client), "ok")
            untouched = int(info(client)["rdb_last_cow_size"])
            client.do("BGSAVE")
            written = overwrite(client, keys, keys // 6, 1)
            kept = next(n for n in range(keys) if n not in written)
            client.do("INCR", "counter")
            client.do("DEL", f"key:{written[1]}")
            expect(wait_until(lambda: idle(client)), "BGSAVE does not end")
            copied = int(info(client)["rdb_last_cow_size"]) - untouched
            # Four values share a page, so nearly each of these would have copied one.
            expect(copied < len(written) * 4096 / 3, f"{copied} bytes copied")
            equal(client.do("GET", f"key:{written[0]}")[:4], b"0001", "a new value")
            equal(client.do("GET", f"key:{kept}")[:4], b"0000", "an old value")
            equal(client.do("DBSIZE"), keys, "keys: one has come, and one gone")
        # The child has saved what there was before.
        one.kill()
        one.process = None
        one.start()
        with one.client() as client:
            equal(client.do("DBSIZE"), keys)
            for n in written[:50] + [kept]:
                equal(client.do("GET", f"key:{n}"), f"0000-{n:06}-".encode() + b"v" * 860)


@check("memory does not grow from save to save under writes", ours_only=True)
def stable_memory():
    keys = 24000
    with server() as one, one.client() as client:
        newest = dict.fromkeys(overwrite(client, keys, keys, 0), 0)
        rss = []
        for tag in range(1, 21):
            client.do("BGSAVE")
            newest.update(dict.fromkeys(overwrite(client, keys, keys // 6, tag), tag))
            expect(wait_until(lambda: idle(client)), "BGSAVE does not end")
            rss.append(int(info(client, "memory")["used_memory_rss"]))
        most = rss[0] * 3 // 2
        expect(wait_until(lambda: int(info(client, "memory")["used_memory_rss"]) < most),
               f"resident memory after each save: {rss}")
        for n in range(0, keys, 97):
            equal(client.do("GET", f"key:{n}")[:11], f"{newest[n]:04}-{n:06}".encode(), f"key:{n}")


@check("a child closes the listening port, and ends with its parent")
def child_ends():
    with server("--rdb-key-save-delay", "10000000") as one:
        with one.client() as client:
            client.do("SET", "k", "v")
            client.do("BGSAVE")
        time.sleep(0.1)
        one.kill()
        one.process = None
        one.start()
        with one.client() as client:
            equal(client.do("DBSIZE"), 0)


@check("a child gives way to the thread of commands", ours_only=True)
def child_gives_way():
    with server("--rdb-key-save-delay", "10000000") as one, one.client() as client:
        client.do("SET", "k", "v")
        client.do("BGSAVE")
        child = child_of(one)
        own = os.getpriority(os.PRIO_PROCESS, one.process.pid)
        expect(wait_until(lambda: os.getpriority(os.PRIO_PROCESS, child) > own),
               f"both have niceness {own}")


@check("save points write by themselves")
def save_points():
    with server("--save", "1 3") as one, one.client() as client:
        client.do("SET", "a", 1)
        client.do("SET", "b", 1)
        equal(info(client)["rdb_changes_since_last_save"], "2")
        time.sleep(2.2)
        expect(not os.path.exists(dump_of(one)), "saved too early")
        client.do("SET", "c", 1)
        expect(wait_until(lambda: info(client)["rdb_saves"] == "1" and idle(client)), "not saved")
        equal(info(client)["rdb_changes_since_last_save"], "0")
        expect(os.path.exists(dump_of(one)), "no file")


# redis-server neither counts nor logs the room that an operation makes and then fails in.
@check("room that BITFIELD makes counts, whether or not it is used, and is in what is saved",
       ours_only=True)
def room():
    high = "u8", 800
    for existing in (None, "abc", "12", "x" * 99):
        for operations, failed in (
            (("SET", *high, 0), False),
            (("INCRBY", *high, 0), False),
            (("OVERFLOW", "FAIL", "SET", *high, 500), True),
            (("OVERFLOW", "FAIL", "INCRBY", *high, 500), True),
        ):
            how = f"{existing}: {operations}"
            with server("--save", "3600 1000", "--appendonly", "yes", *DEBUG) as one:
                with one.client() as client:
                    if existing is not None:
                        client.do("SET", "k", existing)
                    before = int(info(client)["rdb_changes_since_last_save"])
                    equal(client.do("BITFIELD", "k", *operations), [None if failed else 0], how)
                    after = int(info(client)["rdb_changes_since_last_save"])
                    equal(after - before, 1, how)
                    # Within what there is, nothing changes.
                    client.do("BITFIELD", "k", *operations)
                    equal(int(info(client)["rdb_changes_since_last_save"]), after, how)
                    equal(client.do("STRLEN", "k"), 101, how)
                    digest = client.do("DEBUG", "DIGEST")
                    for load in ("LOADAOF", "RELOAD"):
                        client.do("DEBUG", load)
                        equal(client.do("DEBUG", "DIGEST"), digest, f"{how}, after {load}")


@check("a failed BGSAVE has writes and PING refused until one succeeds")
def misconf():
    with server("--save", "3600 1") as one, one.client() as client:
        client.do("SET", "k", "v")
        os.makedirs(os.path.join(dump_of(one), "in-the-way"))
        equal(bgsave(client), "err")
        for refused in (("SET", "k", "w"), ("PING",), ("DEL", "k")):
            reply = client.call(*refused)
            expect(reply.is_error and reply.value.startswith(b"MISCONF "), f"{refused}: {reply}")
        equal(client.do("GET", "k"), b"v")
        client.do("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        equal(client.do("PING"), b"PONG")
        client.do("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        expect(client.call("PING").is_error, "PING is answered again")
        equal(client.call("SAVE").value, b"ERR")
        reply = client.call("SHUTDOWN")
        equal(reply.value, b"ERR Errors trying to SHUTDOWN. Check logs.")
        shutil.rmtree(dump_of(one))
        equal(bgsave(client), "ok")
        equal(client.do("SET", "k", "w"), b"OK")


@check("a child that is told to end by SIGUSR1 has not failed")
def called_off():
    with server("--save", "3600 1", "--rdb-key-save-delay", "10000000") as one:
        with one.client() as client:
            client.do("SET", "k", "v")
            client.do("BGSAVE")
            os.kill(child_of(one), signal.SIGUSR1)
            expect(wait_until(lambda: idle(client)), "the child lives on")
            equal(info(client)["rdb_last_bgsave_status"], "ok")
            equal(client.do("SET", "k", "w"), b"OK")
            equal(snapshots_in(one.directory), [])
            client.do("CONFIG", "SET", "rdb-key-save-delay", "0")


@check("FLUSHALL ends a running save; with save points, the file is that of no data")
def flushall_while_saving():
    for points in ("3600 1", ""):
        with server("--save", points, "--rdb-key-save-delay", "10000000") as one:
            with one.client() as client:
                for n in range(100):
                    client.do("SET", n, n)
                client.do("BGSAVE")
                client.do("FLUSHDB")
                equal(info(client)["rdb_bgsave_in_progress"], "1", "after FLUSHDB")
                client.do("SET", "k", "v")
                client.do("FLUSHALL")
                expect(wait_until(lambda: idle(client)), "the child lives on")
                facts = info(client)
                equal(facts["rdb_last_bgsave_status"], "ok")
                equal(facts["rdb_saves"], "1")
                equal(facts["rdb_changes_since_last_save"], "0" if points else "202")
                wanted = ["dump.rdb"] if points else []
                expect(
                    wait_until(lambda: snapshots_in(one.directory) == wanted),
                    lambda: f"{snapshots_in(one.directory)} with save {points!r}",
                )
                client.do("SET", "after", 1)
            one.kill()
            one.process = None
            one.start()
            with one.client() as client:
                equal(client.do("DBSIZE"), 0, "keys after a restart")


@check("FLUSHALL that is read from a log leaves the snapshot alone", ours_only=True)
def flushall_in_log():
    with server("--save", "3600 1", "--appendonly", "yes", *DEBUG) as one:
        with one.client() as client:
            client.do("SET", "k", "v")
            client.do("FLUSHALL")
            client.do("SET", "later", "v")
            client.do("SAVE")
        with open(dump_of(one), "rb") as file:
            before = file.read()
        one.kill()
        one.process = None
        one.start()
        with one.client() as client:
            equal(client.do("DBSIZE"), 1)
            client.do("DEBUG", "LOADAOF")
            equal(client.do("DBSIZE"), 1)
        with open(dump_of(one), "rb") as file:
            expect(file.read() == before, "reading the log has changed dump.rdb")


@check("SHUTDOWN: SAVE and NOSAVE, and what the save points say; FORCE leaves despite a failure")
def shutdowns():
    for points, how, saved in (
        ("", (), False),
        ("", ("SAVE",), True),
        ("3600 1", (), True),
        ("3600 1", ("NOSAVE",), False),
    ):
        with server("--save", points) as one:
            with one.client() as client:
                client.do("SET", "k", "v")
            shut_down(one, *how)
            equal(os.path.exists(dump_of(one)), saved, f"save {points!r}, SHUTDOWN {how}")
    with server("--save", "3600 1") as one:
        os.makedirs(os.path.join(dump_of(one), "in-the-way"))
        shut_down(one, "FORCE")


@check("BGSAVE within a transaction runs after it")
def in_transaction():
    with server() as one, one.client() as client:
        client.do("MULTI")
        client.do("BGSAVE")
        client.do("SET", "k", "v")
        equal(client.do("EXEC")[0], b"Background saving scheduled")
        expect(wait_until(lambda: info(client)["rdb_saves"] == "1" and idle(client)), "not saved")


@check("DEBUG RELOAD leaves the data as it was")
def reload():
    with server(*DEBUG) as one, one.client() as client:
        fill(client)
        before = digest(client)
        equal(client.do("DEBUG", "RELOAD"), b"OK")
        equal(digest(client), before)
        client.do("FLUSHALL")
        client.do("SET", "more", "1")
        equal(client.do("DEBUG", "RELOAD", "NOSAVE"), b"OK")
        equal(digest(client), before)
        reply = client.call("DEBUG", "RELOAD", "FOO")
        wanted = b"ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."
        equal(reply.value, wanted)


@check("DEBUG RELOAD NOSAVE finds the file that a FLUSHALL in the same batch has left")
def reload_after_flush():
    with server("--save", "3600 1", *DEBUG) as one, one.client() as client:
        for n in range(50):
            client.do("SET", "k", n)
            replies = client.pipeline([["FLUSHALL"], ["DEBUG", "RELOAD", "NOSAVE"], ["DBSIZE"]])
            equal(replies, [b"OK", b"OK", 0])


@check("DEBUG RELOAD NOFLUSH adds the file to what is there, and MERGE has its values win")
def merge():
    with server(*DEBUG) as one, one.client() as client:
        client.do("MSET", "both", "saved", "number", 1, "saved", "s")
        client.do("RPUSH", "list", "saved")
        client.do("SAVE")
        client.do("FLUSHALL")
        client.do("MSET", "number", 2, "new", "n")
        client.do("HSET", "list", "f", "v")
        client.do("SADD", "both", "m")
        equal(client.do("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"), b"OK")
        equal(client.do("MGET", "both", "number", "saved", "new"), [b"saved", b"1", b"s", b"n"])
        equal(client.do("LRANGE", "list", 0, -1), [b"saved"])
        equal(client.do("DBSIZE"), 5)
        equal(client.do("DEBUG", "RELOAD", "NOSAVE", "MERGE"), b"OK")
        equal(client.do("DBSIZE"), 4)


def loads_in(kind, file, wanted, what):
    """A server of this kind that starts with the file holds data of this digest."""
    other = Server(kind, list(DEBUG))
    shutil.copy(file, dump_of(other))
    with other, other.client() as client:
        equal(digest(client), wanted, what)


@check("redis-server loads our files, with the same digest", ours_only=True)
def to_redis():
    for how in ("no", "lzf", "yes"):
        with server("--rdbcompression", how, *DEBUG) as one, one.client() as client:
            fill(client)
            client.do("SAVE")
            wanted = digest(client)
            file = dump_of(one)
            with open(file, "rb") as saved:
                magic = saved.read(4)
            if how == "yes":
                equal(magic, b"\x04\x22\x4d\x18", "magic of an LZ4 frame")
                if not shutil.which("lz4"):
                    raise Skipped("no lz4 program for the third case")
                subprocess.run(["lz4", "-d", "-q", file, file + ".plain"], check=True)
                file += ".plain"
            else:
                equal(magic, b"REDI", "magic")
            loads_in("redis", file, wanted, f"rdbcompression {how}")


@check("we load redis-server's files, with the same digest", ours_only=True)
def from_redis():
    for how in ("no", "yes"):
        other = Server("redis", ["--rdbcompression", how, *DEBUG])
        with other, other.client() as client:
            fill(client)
            client.do("SAVE")
            loads_in("tarn", dump_of(other), digest(client), f"rdbcompression {how}")


def add_streams(client):
    """Streams with groups, consumers and entries that nobody has acknowledged; and a library."""
    for key, entries in (("events:1", 1), ("events:300", 300)):
        for n in range(entries):
            client.do("XADD", key, "*", "n", n, "text", "x" * n)
        client.do("XGROUP", "CREATE", key, "group", "0")
        client.do("XGROUP", "CREATE", key, "idle", "$")
        client.do("XGROUP", "CREATECONSUMER", key, "group", "idle")
        for consumer in ("a", "b"):
            client.do(
                "XREADGROUP", "GROUP", "group", consumer, "COUNT", 20, "STREAMS", key, ">"
            )
        client.do("XDEL", key, client.do("XRANGE", key, "-", "+", "COUNT", 1)[0][0])
    client.do("XTRIM", "events:300", "MAXLEN", 100)
    client.do("PEXPIREAT", "events:300", FAR_MS)
    client.do("XGROUP", "CREATE", "events:none", "group", "$", "MKSTREAM")
    body = "redis.register_function('f', function() return 1 end)"
    client.do("FUNCTION", "LOAD", f"#!lua name=lib\n{body}")


@check("streams and functions of redis-server: refused by name, or left out", ours_only=True)
def unknown_things():
    other = Server("redis", list(DEBUG))
    with other:
        with other.client() as client:
            fill(client)
            wanted = digest(client)
            add_streams(client)
            client.do("SAVE")
        one = server(*DEBUG)
        shutil.copy(dump_of(other), dump_of(one))
        refuses(one, b"library of functions", b"rdb-skip-unknown yes")
        one.args += ["--rdb-skip-unknown", "yes"]
        with one, one.client() as client:
            equal(digest(client), wanted, "digest of all the rest")
            for left_out in (b'key "events:1", a stream', b'key "events:300", a stream',
                             b'key "events:none", a stream', b"a library of functions"):
                expect(left_out in one.log(), f"no {left_out!r} in {one.log_tail()}")
        with other.client() as client:
            client.do("FUNCTION", "FLUSH")
            client.do("SAVE")
        one = server()
        shutil.copy(dump_of(other), dump_of(one))
        refuses(one, b'"events:', b"is a stream", b"rdb-skip-unknown yes")
        one.remove()


@check("while the file is loaded, clients are told to wait, and how long")
def loading():
    with server("--rdbcompression", "no") as one:
        with one.client() as client:
            for n in range(2000):
                client.do("SET", n, "x" * 1000)
            client.do("SAVE")
        one.stop()
        slow = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"]
        one.args += slow
        one.launch()
        with wait_until(lambda: try_client(one)) as client:
            reply = client.call("GET", "1")
            expect(
                reply.value.startswith(b"LOADING Redis is loading the dataset in memory"),
                f"GET while loading: {reply}",
            )
            if KIND == "tarn":
                expect(b"% of " in reply.value, reply.value)
            facts = info(client)
            equal(facts["loading"], "1")
            expect(int(facts["loading_total_bytes"]) > 0, facts)
            expect(int(facts["loading_rdb_used_mem"]) > 2000 * 1000, facts)
            expect("loading_eta_seconds" in facts, facts)
            expect(client.call("SAVE").value.startswith(b"LOADING"), "SAVE while loading")
            client.do("CONFIG", "SET", "key-load-delay", "0")
            expect(wait_until(lambda: info(client)["loading"] == "0"), "loading does not end")
            equal(info(client)["rdb_last_load_keys_loaded"], "2000")
            equal(client.do("DBSIZE"), 2000)


def try_client(one):
    try:
        return one.client()
    except OSError:
        return None


@check("servers that write nothing share a directory; who writes has it alone", ours_only=True)
def shared_directory():
    with server() as one:
        two = Server(KIND, ["--dir", one.directory])
        with two, one.client() as first, two.client() as second:
            first.do("SET", "k", "first")
            second.do("SET", "k", "second")
            equal(second.do("SAVE"), b"OK")
            for change in (("SAVE",), ("CONFIG", "SET", "appendonly", "yes")):
                expect("ERR" in str(first.call(*change).value), f"{change} was not refused")
            reply = str(first.call("CONFIG", "SET", "save", "60 1").value)
            expect(f"uses the directory {one.directory}:" in reply, f"{reply} names no directory")
            equal(first.do("CONFIG", "GET", "save"), [b"save", b""])
            equal(second.do("CONFIG", "SET", "save", "60 1"), b"OK")
            one.expect_trouble = True
        with one.client() as first:
            equal(first.do("SAVE"), b"OK")


@check("a second server that would write in a directory is refused, and the directory is named",
       ours_only=True)
def directory_in_use():
    with server("--save", "60 1") as one:
        for how in (("--save", "60 1"), ("--appendonly", "yes")):
            two = Server(KIND, ["--dir", ".", *how])
            line = two.command_line()
            done = subprocess.run(line, cwd=one.directory, capture_output=True, text=True,
                                  timeout=20, check=False)
            two.remove()
            equal(done.returncode, 1, "exit status")
            expect(f"uses the directory {one.directory}:" in done.stdout,
                   f"the directory is not named in {done.stdout!r}")


@check("SIGTERM ends a server that loads, and leaves its file alone")
def sigterm_while_loading():
    with server("--rdbcompression", "no") as one:
        with one.client() as client:
            for n in range(2000):
                client.do("SET", n, "x" * 1000)
            client.do("SAVE")
        one.stop()
        with open(dump_of(one), "rb") as file:
            before = file.read()
        delay = ["--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1024"]
        one.args += [*delay, "--save", "1 1"]
        one.launch()
        wait_until(lambda: try_client(one)).close()
        time.sleep(0.1)
        one.signal(15)
        ends(one)
        with open(dump_of(one), "rb") as file:
            equal(file.read(), before, "the file")


def refuses(one, *mentions):
    one.launch()
    try:
        ends(one, 1)
    finally:
        one.kill()
    for mention in mentions:
        expect(mention in one.log(), f"no {mention!r} in the log: {one.log_tail()}")
    expect(b"Ready to accept" not in one.log(), "it was ready to accept connections")


@check("a file that is damaged, foreign or unreadable: one clear line, and status 1", ours_only=True)
def bad_files():
    one = server()
    with one:
        with one.client() as client:
            fill(client)
            client.do("SAVE")
        one.stop()
        with open(dump_of(one), "rb") as file:
            good = file.read()
        for bad in (b"not a snapshot at all", b"", good[: len(good) // 2]):
            os.remove(one.log_path)
            with open(dump_of(one), "wb") as file:
                file.write(bad)
            refuses(one, b"dump.rdb", b"Can't load the snapshot", b"tarn-check-rdb", b"move it away")
        os.remove(dump_of(one))
        os.mkdir(dump_of(one))
        refuses(one, b"dump.rdb")
        os.rmdir(dump_of(one))


@check("rdbchecksum no loads a file whose checksum is wrong, yes does not")
def wrong_checksum():
    with server("--rdbcompression", "no") as one:
        with one.client() as client:
            client.do("SET", "k", "value")
            client.do("SAVE")
        one.stop()
        with open(dump_of(one), "r+b") as file:
            file.seek(file.read().index(b"value"))
            file.write(b"valuE")
        one.launch()
        ends(one, 1)
        one.args += ["--rdbchecksum", "no"]
        one.start()
        with one.client() as client:
            equal(client.do("GET", "k"), b"valuE")
        if KIND == "tarn":
            status, text = run_tool("tarn-check-rdb", dump_of(one))
            expect(status == 1 and "checksum" in text, text)


@check("damage within a value: its key is named, by the server and by tarn-check-rdb",
       ours_only=True)
def damaged_value():
    for compression in ("no", "lz4"):
        with server("--rdbcompression", compression) as one:
            with one.client() as client:
                client.do("RPUSH", "big-list", *(os.urandom(1000) for _ in range(2000)))
                client.do("SAVE")
            one.stop()
            good = read_file(dump_of(one))
            broken = changed(good, len(good) // 2)
            damaged = (good[: len(good) // 2], broken if compression == "lz4" else None)
            for bad in filter(None, damaged):
                os.remove(one.log_path)
                write_file(dump_of(one), bad)
                refuses(one, b"dump.rdb", b"offset", b'key "big-list"', b"tarn-check-rdb")
                equal(one.log().count(b"big-list"), 1, "how often the key is named")
                status, text = run_tool("tarn-check-rdb", dump_of(one))
                expect(status == 1 and text.count('key "big-list"') == 1, text)


if __name__ == "__main__":
    main()
