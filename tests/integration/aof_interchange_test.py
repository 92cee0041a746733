#!/usr/bin/env python3
"""The append-only file, both ways: what redis-server 7 wrote is loaded here, what is written here
is loaded there, and the single file of servers before 7 becomes a directory."""

import glob
import itertools
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "differential")]

from families import (  # noqa: E402
    bitmaps, dump, hashes, keys, lists, sets, sorted_sets, sorting, strings, transactions,
)  # fmt: skip
from grammar import Generator  # noqa: E402
from support.checks import check, equal, expect, main  # noqa: E402
from support.facts import info  # noqa: E402
from support.rdb import intset, string, ziplist  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import Server, scaled, wait_until  # noqa: E402
from support.tools import run_tool  # noqa: E402

FAR_MS = 4102444800123
LOGGING = ["--enable-debug-command", "yes", "--appendonly", "yes", "--databases", "16"]
DIRECTORY = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"


def logging(kind, *args):
    return Server(kind, [*LOGGING, *args])


def rewrite(client):
    client.do("BGREWRITEAOF")

    def done():
        facts = info(client)
        fields = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")
        return all(facts[field] == "0" for field in fields)

    expect(wait_until(done, 60), "BGREWRITEAOF does not end")
    equal(info(client)["aof_last_bgrewrite_status"], "ok")


def facts_of(client):
    """Of all databases: each key's digest and deadline; and the digest of all."""
    facts = {"all": client.do("DEBUG", "DIGEST")}
    for db in range(16):
        client.do("SELECT", db)
        keys = sorted(client.do("KEYS", "*"))
        digests = client.pipeline(["DEBUG", "DIGEST-VALUE", key] for key in keys)
        deadlines = client.pipeline(["PEXPIRETIME", key] for key in keys)
        for key, digest, deadline in zip(keys, digests, deadlines):
            facts[db, key] = (digest, deadline)
    client.do("SELECT", 0)
    return facts


def same(actual, wanted, what):
    differing = [key for key in {**actual, **wanted} if actual.get(key) != wanted.get(key)]
    expect(not differing, lambda: f"{what}: not the same: {sorted(map(str, differing))[:10]}")
    expect(len(wanted) > 1, f"{what}: there are no keys")


# ---- What is written ----------------------------------------------------------------------------


def fill(client):
    """Every type in every encoding that its size and its elements can give it, in two databases."""
    blob = bytes(range(256)) * 300
    many = scaled(3000, 600)
    for db in (0, 9):
        client.do("SELECT", db)
        client.do("SET", "empty", "")
        client.do("SET", "", "the empty key")
        client.do("SET", b"\x00\r\n$5\r\n\xff", b"*1\r\n$4\r\nMULT\r\n#TS:1\r\n#TARN seq=1\r\n")
        for n, number in enumerate((0, -1, 127, -129, 32768, -(2**31) - 1, 2**63 - 1, -(2**63))):
            client.do("SET", f"int:{n}", number)
        for n, word in enumerate(("00", "+1", "-0", "1e5", " 1", str(2**63))):
            client.do("SET", f"not-int:{n}", word)
        client.do("SET", "compressible", "a" * 20_000)
        client.do("SET", b"bytes\xff", blob)
        for n, option in enumerate((("EX", 10**8), ("PXAT", FAR_MS), ("EXAT", FAR_MS // 1000))):
            client.do("SET", f"deadline:{n}", "v", *option)
        numbers = [12, 13, -1, 127, 128, 4096, 32767, 32768, 8388607, -8388609, 2**31, 2**63 - 1]
        for size in (3, 100, many):
            words = [f"word-{n}" for n in range(size)]
            digits = [str(n * n * n) for n in range(size)]
            client.do("RPUSH", f"list:{size}", *words, *digits, *numbers)
            client.do("LPUSH", f"list:{size}", "", "x" * 64, "y" * 5000)
            client.do("SADD", f"set:{size}", *words, *numbers)
            client.do("HSET", f"hash:{size}", *itertools.chain(*zip(words, digits)))
            scores = [n / 3 for n in range(size)]
            client.do("ZADD", f"zset:{size}", *itertools.chain(*zip(scores, words)))
        for bits in (8, 16, 32, 63):
            client.do("SADD", f"ints:{bits}", *(n - (1 << bits >> 1) for n in range(20)))
        client.do("SADD", "ints:many", *range(-many, many, 3))
        client.do("RPUSH", "list:large", "x" * 70_000, "y", blob)
        client.do("HSET", "hash:long", "f" * 65, "v", "g", "w" * 65, "", "")
        extremes = ("-inf", "a", "+inf", "b", "1e300", "c", "-0", "d", "5e-324", "e", "0.1", "f")
        client.do("ZADD", "zset:extremes", *extremes)
        client.do("ZADD", "zset:long", 1, "m" * 65)
        for key in ("list:3", "set:3", "hash:3", "zset:3", f"zset:{many}"):
            client.do("PEXPIREAT", key, FAR_MS)
    client.do("SELECT", 0)


def pop_while_waiting(one, client, command, *pushes):
    """The command waits on a connection of its own, and is served by the pushes."""
    with one.client() as waiting:
        waiting.send(*command)
        blocked = "blocked_clients:1"
        expect(
            wait_until(lambda: blocked in client.do("INFO", "clients").decode()),
            f"{command} does not wait",
        )
        for push in pushes:
            client.do(*push)
        waiting.read_reply()


def change(one, client):
    """Commands whose effect is not what they say: it depends on chance, time, conditions, others;
    and some of every type."""
    for command in (
        ("SET", "fresh", "1"),
        ("INCRBYFLOAT", "fresh", "0.1"),
        ("INCRBYFLOAT", "fresh", "1e-9"),
        ("INCR", "int:0"),
        ("DECRBY", "int:6", "12345"),
        ("APPEND", "empty", "tail"),
        ("SETRANGE", "compressible", 30_000, "end"),
        ("SETBIT", "bits", 12345, 1),
        ("BITFIELD", "bits", "INCRBY", "u5", 100, 7),
        ("BITOP", "NOT", "not-bits", "bits"),
        ("MSET", "m:1", "1", "m:2", "2"),
        ("GETDEL", "m:1"),
        ("GETSET", "m:2", "3"),
        ("SET", "m:3", "1", "NX"),
        ("SET", "m:3", "2", "XX", "KEEPTTL"),
        ("SETEX", "m:4", 10**8, "v"),
        ("PSETEX", "m:5", 10**11, "v"),
        ("GETEX", "deadline:0", "PERSIST"),
        ("GETEX", "m:3", "EX", 10**8),
        ("EXPIRE", "list:100", 10**8),
        ("EXPIRE", "int:1", -1),
        ("PEXPIRE", "set:100", 10**11, "NX"),
        ("EXPIREAT", "hash:100", FAR_MS // 1000),
        ("EXPIREAT", "int:2", 1),
        ("PERSIST", "zset:3"),
        ("SPOP", "set:100"),
        ("SPOP", "set:100", 40),
        ("SPOP", "ints:8", 1000),
        ("SPOP", "ints:many", 200),
        ("SMOVE", "ints:16", "ints:8", -(2**15)),
        ("SUNIONSTORE", "set:union", "set:3", "ints:32"),
        ("SDIFFSTORE", "set:diff", "set:100", "set:3"),
        ("LPOP", "list:100", 5),
        ("RPOP", "list:100"),
        ("LMPOP", 2, "nothing", "list:100", "RIGHT", "COUNT", 3),
        ("LINSERT", "list:3", "BEFORE", "word-1", "between"),
        ("LSET", "list:3", 0, "z" * 9000),
        ("LREM", "list:100", 0, "12"),
        ("LTRIM", "list:100", 3, -3),
        ("RPOPLPUSH", "list:100", "list:other"),
        ("LMOVE", "list:3", "list:other", "LEFT", "RIGHT"),
        ("SORT", "ints:63", "STORE", "sorted"),
        ("HINCRBYFLOAT", "hash:long", "float", "3.3"),
        ("HINCRBY", "hash:long", "int", "-5"),
        ("HSETNX", "hash:long", "int", "7"),
        ("HDEL", "hash:3", "word-0", "no-field"),
        ("ZADD", "zset:3", "GT", "CH", 100, "word-0", -5, "word-1"),
        ("ZADD", "zset:3", "INCR", "0.1", "word-2"),
        ("ZINCRBY", "zset:100", "1.1", "word-5"),
        ("ZPOPMIN", "zset:100", 3),
        ("ZPOPMAX", "zset:100"),
        ("ZMPOP", 1, "zset:100", "MIN", "COUNT", 2),
        ("ZREMRANGEBYRANK", "zset:100", 0, 4),
        ("ZRANGESTORE", "zset:part", "zset:100", 0, 9),
        ("ZUNIONSTORE", "zset:union", 2, "zset:3", "set:3", "WEIGHTS", "1.5", "2"),
        ("COPY", "hash:3", "hash:copy"),
        ("COPY", "zset:3", "zset:copy", "DB", 5),
        ("RENAME", "hash:copy", "hash:renamed"),
        ("MOVE", "set:union", 3),
        ("SWAPDB", 3, 4),
        ("SET", "passes", "v", "PX", 1),
        ("UNLINK", "int:3", "int:4", "nothing"),
    ):
        client.do(*command)
    client.do("RESTORE", "restored", FAR_MS, client.do("DUMP", "hash:3"), "ABSTTL")
    client.do("RESTORE", "restored:2", 10**11, client.do("DUMP", "list:3"), "REPLACE")

    client.do("MULTI")
    for command in (
        ("SET", "multi:1", "1"),
        ("INCRBYFLOAT", "multi:1", "0.5"),
        ("SELECT", 9),
        ("SPOP", "set:3", 2),
        ("EXPIRE", "int:5", 10**8),
        ("SELECT", 0),
        ("RPUSH", "multi:list", "a", "b"),
        ("LPOP", "fresh"),  # fails, and the rest is done
        ("HSET", "multi:hash", "f", "v"),
    ):
        client.do(*command)
    client.do("EXEC")

    served = (
        ("BLPOP wait:1 wait:2 0", "RPUSH wait:2 a b"),
        ("BLMOVE wait:3 wait:4 LEFT RIGHT 0", "RPUSH wait:3 a b"),
        ("BZPOPMAX wait:5 0", "MULTI", "ZADD wait:5 1 a 2 b", "EXEC"),
        ("BLMPOP 0 1 wait:6 LEFT COUNT 2", "RPUSH wait:6 a b c"),
    )
    for waiting, *pushes in served:
        pop_while_waiting(one, client, waiting.split(), *(push.split() for push in pushes))
    expect(wait_until(lambda: client.do("EXISTS", "passes") == 0), "1 ms does not pass")


def write_all(one, client, rewritten):
    """A log, all of which is in one segment, or a base and a segment behind it."""
    fill(client)
    change(one, client)
    if rewritten:
        rewrite(client)
        for db in (0, 9):
            client.do("SELECT", db)
            client.do("SET", "later", str(db))
            client.do("RPUSH", "list:3", "later")
            client.do("DEL", "hash:100")
            client.do("SPOP", "set:100", 5)
            client.do("HSET", "hash:3", "later", "1")
        client.do("SELECT", 0)


# ---- Both ways ----------------------------------------------------------------------------------


def carry(source, target):
    shutil.rmtree(os.path.join(target.directory, DIRECTORY), ignore_errors=True)
    shutil.copytree(
        os.path.join(source.directory, DIRECTORY), os.path.join(target.directory, DIRECTORY)
    )


def segments_of(one):
    """The paths of all that were begun."""
    paths = glob.glob(os.path.join(one.directory, DIRECTORY, "*.incr.aof"))
    return [path for path in paths if os.path.getsize(path) > 0]


def found_whole(one):
    """The tools of both servers find no fault with the directory."""
    directory = os.path.join(one.directory, DIRECTORY)
    status, text = run_tool("tarn-check-aof", directory)
    equal(status, 0, text)
    theirs = shutil.which("redis-check-aof")
    if theirs:
        manifest = os.path.join(directory, MANIFEST)
        done = subprocess.run([theirs, manifest], capture_output=True, check=False, timeout=60)
        equal(done.returncode, 0, done.stdout)


def carried(source_kind, target_kind, rewritten, *args):
    """What one server logged, another loads, goes on with, and loads again."""
    what = f"rewritten {rewritten}, {args}"
    source, target = logging(source_kind, *args), logging(target_kind)
    with source:
        with source.client() as client:
            write_all(source, client, rewritten)
            wanted = facts_of(client)
        source.stop()
        found_whole(source)
        carry(source, target)
        with target:
            with target.client() as client:
                same(facts_of(client), wanted, what)
                client.do("SET", "later", "x")
                client.do("SADD", "set:3", "more")
                changed = facts_of(client)
            target.stop()
            target.start()
            with target.client() as client:
                same(facts_of(client), changed, what + ", once more")
                rewrite(client)
                same(facts_of(client), changed, what + ", rewritten")
            target.stop()
            target.start()
            with target.client() as client:
                same(facts_of(client), changed, what + ", rewritten and loaded")


@check("we load redis-server's log, with RDB and without, rewritten", ours_only=True)
def from_redis():
    either = ("yes", "no")
    for preamble, times, rewritten in itertools.product(either, either, (False, True)):
        carried("redis", "tarn", rewritten, "--aof-use-rdb-preamble", preamble,
                "--aof-timestamp-enabled", times)


@check("redis-server loads our log, with RDB and without, rewritten", ours_only=True)
def to_redis():
    for preamble, compression, rewritten in itertools.product(
        ("yes", "no"), ("lzf", "no"), (False, True)
    ):
        carried("tarn", "redis", rewritten, "--aof-use-rdb-preamble", preamble,
                "--rdbcompression", compression)


@check("redis-server loads a log of several of our segments", ours_only=True)
def segments_to_redis():
    one = logging("tarn", "--rdbcompression", "no", "--aof-segment-size", "64kb")
    other = logging("redis")
    with one:
        with one.client() as client:
            for n in range(40):
                client.do("MULTI")
                client.do("SET", f"a:{n}", "x" * 5000)
                client.do("SELECT", n % 16)
                client.do("SET", f"b:{n}", "y" * 5000)
                client.do("EXEC")
                client.do("INCRBYFLOAT", "f", "0.1")
                if n % 10 == 9:
                    began = wait_until(lambda: len(segments_of(one)) > n // 10 + 1)
                    expect(began, f"no new segment after {n + 1} transactions")
            wanted = facts_of(client)
        one.stop()
        carry(one, other)
        with other, other.client() as client:
            same(facts_of(client), wanted, "several segments")


@check("redis-server loads the log of a server that was killed, and goes on behind it",
       ours_only=True)
def killed_to_redis():
    for size in (1, 64, 5000, 100_000):
        one = logging("tarn", "--rdbcompression", "no", "--appendfsync", "always")
        other = logging("redis")
        with one:
            with one.client() as client:
                for n in range(70):
                    client.do("SET", f"{size}:{n}", "x" * (size + n))
                wanted = facts_of(client)
            one.kill()
            one.process = None
            found_whole(one)
            carry(one, other)
        with other:
            with other.client() as client:
                same(facts_of(client), wanted, f"killed behind values of {size} bytes")
                client.do("SET", "behind", "it")
                wanted = facts_of(client)
            other.stop()
            other.start()
            with other.client() as client:
                same(facts_of(client), wanted, f"gone on behind values of {size} bytes")


def run_on(one, directory, *commands, kill=False):
    """A server on the log of another; returns all that it holds in the end."""
    shutil.rmtree(os.path.join(one.directory, DIRECTORY), ignore_errors=True)
    shutil.copytree(directory, os.path.join(one.directory, DIRECTORY))
    one.start()
    with one.client() as client:
        for command in commands:
            client.do(*command)
        facts = facts_of(client)
    if kill:
        one.kill()
        one.process = None
    else:
        one.stop()
    shutil.rmtree(directory)
    shutil.copytree(os.path.join(one.directory, DIRECTORY), directory)
    return facts


@check("a log goes from us to redis-server and back, again and again, and keeps what each wrote",
       ours_only=True)
def back_and_forth():
    settings = ("--rdbcompression", "no", "--appendfsync", "always")
    ours, theirs = logging("tarn", *settings), logging("redis", "--appendfsync", "always")
    with tempfile.TemporaryDirectory() as folder:
        directory = os.path.join(folder, "log")
        os.mkdir(directory)
        for turn, kill in enumerate((False, True, False, True)):
            for one in (ours, theirs):
                who = f"{one.kind}:{turn}"
                wanted = run_on(
                    one, directory,
                    ("SET", who, "x" * 100), ("INCR", "count"), ("SELECT", 3), ("RPUSH", "l", who),
                    ("MULTI",), ("INCR", "count"), ("SET", "m", who), ("EXEC",), ("SELECT", 0),
                    ("INCR", "count"), kill=kill)
                same(run_on(one, directory), wanted, f"{who}, once more")
        with logging("tarn") as last:
            last.stop()
            status, text = run_tool("tarn-check-aof", directory)
            equal(status, 0, text)
            expect("commands that redis-server has added" in text, text)
            same(run_on(last, directory), wanted, "all")
            status, text = run_tool("tarn-check-aof", directory)
            expect(status == 0 and "redis-server" not in text, text)
            with last:
                with last.client() as client:
                    equal(client.do("GET", "count"), b"16")
                    equal(client.do("DBSIZE"), 9)
                found_whole(last)
    for one in (ours, theirs):
        one.remove()


@check("what redis-server did not write as a whole is cut off behind our batches", ours_only=True)
def torn_behind():
    whole = encode(("SELECT", "0")) + encode(("SET", "theirs", "1"))
    with logging("tarn", "--appendfsync", "always") as one:
        with one.client() as client:
            client.do("SET", "ours", "1")
        (segment,) = segments_of(one)
        for tail, there in (
            (whole + encode(("SET", "torn", "1"))[:-3], True),
            (whole + encode(("MULTI",)) + encode(("SET", "torn", "1")), True),
            (encode(("SET", "theirs", "1")), False),
        ):
            one.stop()
            with open(sorted(segments_of(one))[-1], "ab") as file:
                file.write(tail)
            one.start()
            with one.client() as client:
                equal(client.do("MGET", "ours", "theirs", "torn"),
                      [b"1", b"1" if there else None, None], tail)
                client.do("DEL", "theirs")


WRITERS = [
    family.FAMILY for family in (
        bitmaps, dump, hashes, keys, lists, sets, sorted_sets, sorting, strings, transactions
    )
]  # fmt: skip


def random_commands(seed, count):
    """Those of the differential run, without what only that can do, and without limits of
    encodings: these are not kept, and redis-server has a score of -0 only where it is not packed.
    """
    generator = Generator(WRITERS, f"aof:{seed}")
    made = (generator.next() for _ in range(count))
    return [args for args in made if args[0][:1] != b"@" and args[0].upper() != b"CONFIG"]


def random_log(source_kind, target_kind, seed, rewritten):
    source, target = logging(source_kind), logging(target_kind, "--sanitize-dump-payload", "yes")
    source.args += ["--rdbcompression", "no", "--sanitize-dump-payload", "yes"]
    made = random_commands(seed, scaled(8000, 2000))
    with source:
        with source.client() as client:
            client.pipeline([*made[: len(made) // 2], ["EXEC"]])
            if rewritten:
                rewrite(client)
            client.pipeline([*made[len(made) // 2 :], ["EXEC"]])
            wanted = facts_of(client)
        source.stop()
        if source_kind == "redis":
            # It does not log what a BITFIELD that wrote nothing did.
            source.start()
            with source.client() as client:
                wanted = facts_of(client)
            source.stop()
        carry(source, target)
        with target, target.client() as client:
            same(facts_of(client), wanted, f"{source_kind}, seed {seed}")


@check("random commands of all families, logged on one server, load on the other", ours_only=True)
def random_logs():
    for seed in range(scaled(6, 2)):
        random_log("tarn", "redis", seed, seed % 3 == 2)
        random_log("redis", "tarn", seed, seed % 3 == 2)
        random_log("tarn", "tarn", seed, seed % 3 == 2)


# ---- The single file of old ---------------------------------------------------------------------

OLD_COMMANDS = [
    ("SELECT", "0"),
    ("SET", "s", "1"),
    ("MULTI",),
    ("RPUSH", "l", "a", "b", "c"),
    ("LPOP", "l"),
    ("EXEC",),
    ("SADD", "set", "1", "2", "x"),
    ("ZADD", "z", "1.5", "m", "-inf", "n"),
    ("HMSET", "h", "f", "v", "g", "w"),
    ("SELECT", "3"),
    ("SET", "s", "3"),
    ("PEXPIREAT", "s", str(FAR_MS)),
    ("SELECT", "0"),
    ("INCRBY", "s", "41"),
]


def old_rdb():
    """What servers before 7 put at the head of the file, with the packed values of their time."""
    # An entry: the length of the one before, head, content.
    elements = ziplist(b"\x00\x03abc" + b"\x05\xc0\x2c\x01", 2, 5)
    fields = ziplist(b"\x00\x01f" + b"\x03\x01v", 2, 3)
    return b"".join((
        b"REDIS0009",
        b"\xfa" + string(b"redis-ver") + string(b"6.2.6"),
        b"\xfa" + string(b"aof-preamble") + b"\xc0\x01",
        b"\xfe\x00\xfb\x03\x00",
        b"\x00" + string(b"s") + b"\xc0\x05",
        b"\x0e" + string(b"l") + b"\x01" + elements,
        b"\x0d" + string(b"h") + fields,
        b"\xfe\x03\xfb\x01\x01",
        b"\xfc" + struct.pack("<Q", FAR_MS) + b"\x0b" + string(b"i")
        + intset(2, -7, 0, 300),
        b"\xff" + bytes(8),
    ))


def commands(*those):
    return b"".join(map(encode, those))


def start_on_old(kind, content, *args):
    one = logging(kind, *args)
    with open(os.path.join(one.directory, "appendonly.aof"), "wb") as file:
        file.write(content)
    return one


@check("the single file of servers before 7 becomes a directory with a manifest", ours_only=True)
def single_file():
    with_rdb = old_rdb() + commands(
        ("SELECT", "0"), ("INCR", "s"), ("RPUSH", "l", "later"), ("HSET", "h", "f", "new")
    )
    for content, wanted in (
        (commands(*OLD_COMMANDS), {"s": b"42", "l": [b"b", b"c"], "h": b"v"}),
        (with_rdb, {"s": b"6", "l": [b"abc", b"300", b"later"], "h": b"new"}),
    ):
        oracle = start_on_old("redis", content)
        with oracle, oracle.client() as client:
            there = facts_of(client)
        one = start_on_old("tarn", content)
        with one:
            for again in (False, True):
                with one.client() as client:
                    equal(client.do("GET", "s"), wanted["s"])
                    equal(client.do("LRANGE", "l", 0, -1), wanted["l"])
                    equal(client.do("HGET", "h", "f"), wanted["h"])
                    here = facts_of(client)
                    same(here, there, f"loaded again: {again}")
                old = os.path.join(one.directory, "appendonly.aof")
                expect(not os.path.exists(old), "the old file is still there")
                with open(os.path.join(one.directory, DIRECTORY, MANIFEST), "rb") as file:
                    manifest = file.read()
                expect(b"file appendonly.aof seq 1 type b\n" in manifest, manifest)
                expect(b" type i\n" in manifest, manifest)
                one.stop()
                one.start()
        # And back.
        oracle = logging("redis")
        other = start_on_old("tarn", content)
        with other:
            with other.client() as client:
                client.do("SET", "later", "1")
                here = facts_of(client)
            other.stop()
            carry(other, oracle)
            with oracle, oracle.client() as client:
                same(facts_of(client), here, "and back")


# ---- Torn ends ----------------------------------------------------------------------------------


def last_segment(one):
    """Its path."""
    number = re.compile(r"\.(\d+)\.incr\.aof$")
    return max(segments_of(one), key=lambda path: int(number.search(path)[1]))


def torn_copy(writer, size, load_truncated):
    """A server on a copy of the writer's directory, whose last segment ends at `size`."""
    one = logging("tarn", "--aof-load-truncated", load_truncated)
    carry(writer, one)
    os.truncate(last_segment(one), size)
    return one


@check("redis-server's log with a torn end is cut, or refused, and the log says so", ours_only=True)
def torn():
    writer = logging("redis", "--aof-timestamp-enabled", "yes")
    with writer:
        with writer.client() as client:
            client.do("RPUSH", "l", *range(100))
            client.do("SET", "whole", "yes")
            client.do("MULTI")
            client.do("INCR", "in-transaction")
            client.do("SET", "last", "x" * 100)
            client.do("EXEC")
        writer.stop()
        with open(last_segment(writer), "rb") as file:
            whole = file.read()
        a_set = b"*3\r\n$3\r\nSET"
        multi = whole.rindex(b"*1\r\n$5\r\nMULTI")
        plain_set = whole.rindex(a_set, 0, multi)
        last_set = whole.rindex(a_set)
        for size, kept in (
            (len(whole) - 1, multi),
            (len(whole) - 14, multi),
            (last_set + 60, multi),
            (last_set, multi),
            (multi + 15, multi),
            (multi + 3, multi),
            (multi, multi),
            (plain_set + 20, plain_set),
            (plain_set + 1, plain_set),
        ):
            cuts(writer, size, kept, b"yes" if kept == multi else None)
            if size > kept:
                refuses_to_cut(writer, size, kept)


@check("damage in redis-server's segment before ours is refused, not left out", ours_only=True)
def damaged_before_ours():
    writer = logging("redis", "--auto-aof-rewrite-percentage", "0")
    with writer:
        with writer.client() as client:
            for n in range(100):
                client.do("SET", f"k{n}", "v" * 20)
        writer.stop()
        one = logging("tarn", "--appendfsync", "always")
        carry(writer, one)
        theirs = last_segment(one)
        with one:
            with one.client() as client:
                for n in range(3):
                    client.do("SET", f"ours{n}", n)
            one.stop()
            with open(theirs, "r+b") as file:
                file.seek(os.path.getsize(theirs) // 2)
                file.write(b"\0" * 30)
            one.launch()
            equal(one.wait(), 1, "exit status")
            one.process = None
            expect(os.path.basename(theirs).encode() in one.log(), "the log does not name the file")
            code, said = run_tool("tarn-check-aof", one.directory + "/" + DIRECTORY)
            expect(code != 0 and "nothing is lost" not in said, said)


def cuts(writer, size, kept, whole):
    what = f"cut at {size}, whole up to {kept}"
    one = torn_copy(writer, size, "yes")
    with one:
        with one.client() as client:
            equal(client.do("LLEN", "l"), 100, what)
            equal(client.do("GET", "whole"), whole, what)
            equal(client.do("EXISTS", "in-transaction", "last"), 0, what)
            client.do("SET", "after", "1")
        said = [line for line in one.log().splitlines() if b"is cut off" in line]
        equal(len(said), 1 if size > kept else 0, f"{what}: lines of the log {one.log_tail()}")
        if said:
            expect(b" %d bytes" % (size - kept) in said[0], f"{what}: {said}")
            expect(b".1.incr.aof" in said[0], f"{what}: {said}")
        one.stop()
        one.start()
        with one.client() as client:
            equal(client.do("GET", "after"), b"1", what)
            equal(client.do("LLEN", "l"), 100, what)


def refuses_to_cut(writer, size, kept):
    what = f"cut at {size}, whole up to {kept}"
    one = torn_copy(writer, size, "no")
    try:
        one.launch()
        equal(one.wait(), 1, f"{what}: exit status")
        said = [line for line in one.log().splitlines() if b".1.incr.aof: at offset" in line]
        equal(len(said), 1, f"{what}: lines of the log {one.log_tail()}")
        expect(b"aof-load-truncated yes" in said[0], f"{what}: {said}")
        expect(b"Ready to accept" not in one.log(), "it was ready to accept connections")
        equal(os.path.getsize(last_segment(one)), size, f"{what}: size of the refused file")
    finally:
        one.kill()
        one.remove()


if __name__ == "__main__":
    main()
