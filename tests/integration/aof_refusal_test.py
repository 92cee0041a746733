#!/usr/bin/env python3
"""Append-only files that a server does not start on, as it would lose what they have."""

import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.facts import changed, read_file, write_file  # noqa: E402
from support.server import wait_until  # noqa: E402

LOGGING = ("--appendonly", "yes", "--appendfsync", "always")


def path(one, *names):
    return os.path.join(one.directory, "appendonlydir", *names)


def files_of(one):
    return {name: read_file(path(one, name)) for name in os.listdir(path(one))}


def refused(one, *words, args=LOGGING):
    """The server ends with status 1, says so in the words, and leaves the files as they are."""
    before = files_of(one)
    one.process = None
    one.args = list(args)
    one.launch()
    equal(one.wait(), 1, "exit status")
    one.process = None
    last = one.log_tail(1)
    for word in words:
        expect(word in last, f"{word!r} is not in: {last}")
    equal(files_of(one), before, "the files")


def written(one, *commands):
    with one.client() as client:
        for command in commands:
            client.do(*command)


def holds(one, name):
    with one.client() as client:
        return client.do("GET", name)


@check("without a manifest nothing begins anew over the files")
def no_manifest():
    with server(*LOGGING) as one:
        written(one, ("SET", "k", "v"))
        one.kill()
        manifest = path(one, "appendonly.aof.manifest")
        content = read_file(manifest)
        os.unlink(manifest)
        refused(one, "appendonly.aof.manifest", "tarn-restore", "move")
        # Nor does switching a log on.
        one.args = []
        one.start()
        with one.client() as client:
            expect(client.call("CONFIG", "SET", "appendonly", "yes").is_error, "it has begun anew")
        one.kill()
        write_file(manifest, content)
        one.args = list(LOGGING)
        one.start()
        equal(holds(one, "k"), b"v")


@check("the segment that was written last is missed")
def last_segment_missing():
    with server(*LOGGING) as one:
        written(one, ("SET", "a", "1"))
        one.kill()
        segment = path(one, "appendonly.aof.1.incr.aof")
        os.rename(segment, segment + ".away")
        refused(one, "appendonly.aof.1.incr.aof is missing, which the manifest names", "backup",
                "tarn-check-aof")
        os.rename(segment + ".away", segment)
        one.args = list(LOGGING)
        one.start()
        equal(holds(one, "a"), b"1")


FOREIGN = "".join(
    f"*3\r\n$3\r\nSET\r\n$4\r\nk:{n:02}\r\n$5\r\nvalue\r\n" for n in range(20)
).encode()


# redis-server does the same, with other words.
@check("a log without checksums that is damaged, or none, is not cut")
def foreign_damage():
    middle = len(FOREIGN) // 2
    with server(*LOGGING) as one:
        one.kill()
        os.unlink(path(one, "appendonly.aof.1.incr.aof"))
        segment = path(one, "appendonly.aof.1.incr.aof")
        for content in (
            b"hello\r\nworld",
            b"\x89PNG\r\n\x1a\n" + bytes(100),
            b"#!/bin/sh\n",
            FOREIGN[:middle] + b"?" + FOREIGN[middle + 1 :],
            FOREIGN[:middle] + FOREIGN[middle + 17 :],
            FOREIGN[: middle - 80] + bytes(80) + FOREIGN[middle:],
        ):
            write_file(segment, content)
            refused(one, "appendonly.aof.1.incr.aof: at offset", "tarn-check-aof --repair")


@check("a log without checksums is cut where it ends within a command, or in zeros",
       ours_only=True)
def foreign_torn():
    with server(*LOGGING) as one:
        one.kill()
        for tail, keys in ((FOREIGN[:-3], 19), (FOREIGN + bytes(100), 20), (bytes(100), 0)):
            write_file(path(one, "appendonly.aof.1.incr.aof"), tail)
            one.args = list(LOGGING)
            one.start()
            with one.client() as client:
                equal(client.do("DBSIZE"), keys)
            one.kill()
            one.process = None
            for name in files_of(one):
                if "incr" in name and "1.incr" not in name:
                    os.unlink(path(one, name))
            manifest = path(one, "appendonly.aof.manifest")
            write_file(manifest, b"".join(
                line for line in read_file(manifest).splitlines(keepends=True)
                if b".incr" not in line or b"1.incr" in line))


@check("a damaged byte is refused where a batch follows, whatever policy of fsync there was")
def rot_without_fsync():
    with server("--appendonly", "yes", "--appendfsync", "no") as one:
        written(one, ("SET", "a", "1"), ("SET", "b", "2"), ("SET", "c", "3"))
        one.kill()
        segment = path(one, "appendonly.aof.1.incr.aof")
        whole = read_file(segment)
        for at in (3, whole.index(b"SELECT"), whole.index(b"$1\r\nb"), whole.index(b"seq=2")):
            write_file(segment, changed(whole, at))
            refused(one, "appendonly.aof.1.incr.aof: at offset", "tarn-check-aof --repair")


def refuses_damaged_end(end):
    with server(*LOGGING) as one:
        written(one, ("SET", "a", "1"), ("SET", "b", "2"))
        end(one)
        segment = path(one, "appendonly.aof.1.incr.aof")
        whole = read_file(segment)
        last = whole.index(b"$1\r\nb")
        line = whole.index(b"#TARN", last)
        for at in (last, last + 5, line, line + 8, whole.index(b"xxh3=", line) + 7):
            write_file(segment, changed(whole, at))
            refused(one, "appendonly.aof.1.incr.aof: at offset", "tarn-check-aof --repair")


@check("after a shutdown the last batch is refused, too, where a byte of it is damaged")
def rot_after_shutdown():
    refuses_damaged_end(lambda one: one.stop())


@check("so it is where the server was killed as soon as it had answered")
def rot_after_kill():
    refuses_damaged_end(lambda one: one.kill())


@check("a first line that is damaged does not take the segment with it")
def first_line():
    with server(*LOGGING) as one:
        written(one, ("SET", "a", "1"), ("SET", "b", "2"), ("SET", "c", "3"))
        one.kill()
        segment = path(one, "appendonly.aof.1.incr.aof")
        whole = read_file(segment)
        for at in (0, 3, 10, whole.index(b"\r") - 1):
            write_file(segment, changed(whole, at))
            refused(one, "appendonly.aof.1.incr.aof")
        write_file(segment, whole)
        one.start()
        equal(holds(one, "c"), b"3")


@check("the last batch, too, is known to have been safe once the log is idle")
def last_batch():
    with server(*LOGGING) as one:
        written(one, ("SET", "a", "1"), ("SET", "last", "acknowledged"))
        segment = path(one, "appendonly.aof.1.incr.aof")
        expect(wait_until(lambda: read_file(segment).count(b"bytes=0") == 2), "no line says so")
        one.kill()
        whole = read_file(segment)
        write_file(segment, whole.replace(b"acknowledged", b"acknowledgeD"))
        refused(one, "appendonly.aof.1.incr.aof", "whole on disk before")
        write_file(segment, whole)
        one.start()
        equal(holds(one, "last"), b"acknowledged")


@check("a command of the log that fails is not left out")
def failing_command():
    with server(*LOGGING) as one:
        with one.client() as client:
            client.do("SELECT", 9)
            client.do("SET", "k", "v")
        one.kill()
        refused(one, "SELECT failed: ERR DB index is out of range", "offset",
                args=(*LOGGING, "--databases", "4"))


@check("a command that the server does not have is named with its key, and how to go on")
def unknown_command():
    with server(*LOGGING) as one:
        one.kill()
        log = os.path.join(path(one), "appendonly.aof.2.incr.aof")
        write_file(log, b"*5\r\n$4\r\nXADD\r\n$6\r\nstream\r\n$1\r\n*\r\n$1\r\nf\r\n$1\r\nv\r\n")
        manifest = path(one, "appendonly.aof.manifest")
        named = read_file(manifest).replace(b".1.incr.aof seq 1 ", b".2.incr.aof seq 2 ")
        write_file(manifest, named)
        refused(one, log[len(one.directory) + 1:], "offset", '"XADD" "stream"', "BGREWRITEAOF")


@check("a file that is missing is told, with how to go on")
def missing_files():
    with server(*LOGGING, "--aof-segment-size", "4kb") as one:
        with one.client() as client:
            for number in range(60):
                client.do("SET", f"k{number}", "x" * 200)
            second = path(one, "appendonly.aof.2.incr.aof")
            expect(wait_until(lambda: os.path.exists(second)), "no second segment")
        one.kill()
        for name, advice in (("1.incr.aof", "tarn-check-aof"), ("1.base.rdb", "tarn-restore")):
            lost = path(one, f"appendonly.aof.{name}")
            content = read_file(lost)
            os.unlink(lost)
            refused(one, f"appendonly.aof.{name} is missing", advice)
            write_file(lost, content)
        one.start()
        equal(holds(one, "k59"), b"x" * 200)


@check("of a damaged base offset and key are told, with how to go on")
def damaged_base():
    with server(*LOGGING, "--rdbcompression", "no") as one:
        with one.client() as client:
            client.do("RPUSH", "list", *("x" * 100 for _ in range(100)))
            client.do("BGREWRITEAOF")
            base = path(one, "appendonly.aof.2.base.rdb")
            expect(wait_until(lambda: b"2.base" in read_file(path(one, "appendonly.aof.manifest"))),
                   "no base")
        one.kill()
        whole = read_file(base)
        write_file(base, whole[: len(whole) // 2])
        refused(one, "appendonly.aof.2.base.rdb", "offset", 'key "list"', "tarn-restore")


@check("a base of commands has checksums")
def base_of_commands():
    args = (*LOGGING, "--aof-use-rdb-preamble", "no")
    with server(*args) as one:
        with one.client() as client:
            client.do("SET", "k", "value")
            client.do("BGREWRITEAOF")
            base = path(one, "appendonly.aof.2.base.aof")
            expect(wait_until(lambda: os.path.exists(base)), "no base")
            expect(wait_until(lambda: b"2.base" in read_file(path(one, "appendonly.aof.manifest"))),
                   "it is not named")
        one.kill()
        whole = read_file(base)
        write_file(base, whole.replace(b"value", b"valuE"))
        refused(one, "appendonly.aof.2.base.aof", "checksum", args=args)
        write_file(base, whole[: whole.rindex(b"#TARN")])
        refused(one, "appendonly.aof.2.base.aof", "before the base does", args=args)
        write_file(base, whole)
        one.start()
        equal(holds(one, "k"), b"value")


@check("a log of one piece is not left for another file of its name")
def foreign_leftover():
    with server() as one:
        one.kill()
        os.mkdir(path(one))
        write_file(path(one, "appendonly.aof"), b"something else")
        log = os.path.join(one.directory, "appendonly.aof")
        content = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
        write_file(log, content)
        refused(one, "appendonlydir/appendonly.aof", "File exists")
        equal(read_file(log), content)
        shutil.rmtree(path(one))
        one.args = list(LOGGING)
        one.start()
        equal(holds(one, "k"), b"v")


@check("SIGTERM ends the loading of segments")
def ended_while_loading():
    with server(*LOGGING) as one:
        with one.client() as client:
            for number in range(8):
                client.do("SET", f"k{number}", "x" * 1_000_000)
        one.kill()
        before = one.log().count(b"DB loaded")
        one.args = [*LOGGING, "--key-load-delay", "1000000"]
        one.launch()

        def is_loading():
            try:
                with one.client() as client:
                    return client.call("GET", "k0").is_error
            except OSError:
                return False

        expect(wait_until(is_loading), "it is not loading")
        one.signal(signal.SIGTERM)
        equal(one.wait(), 0, "exit status")
        equal(one.log().count(b"DB loaded"), before)
        one.process = None


if __name__ == "__main__":
    main()
