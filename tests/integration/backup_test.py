#!/usr/bin/env python3
"""BACKUP and backup-command: copies of finished files, and servers that start on them."""

import os
import resource
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import Skipped, check, equal, expect, main, server  # noqa: E402
from support.facts import info  # noqa: E402
from support.server import wait_until  # noqa: E402


def new_store(tarn, client):
    """A folder that backup-command copies to from now on."""
    store = os.path.join(tarn.directory, "store")
    os.mkdir(store)
    client.do("CONFIG", "SET", "backup-command", f"cp %p {store}/%f")
    return store


def write(client, first, count):
    for n in range(first, first + count):
        client.do("SET", f"key:{n}", "x" * 100)
        client.do("RPUSH", "list", n)


def copied(client):
    expect(wait_until(lambda: info(client)["backup_copy_in_progress"] == "0"), "no end of it")
    equal(info(client)["backup_copy_last_status"], "ok", info(client)["backup_copy_last_failure"])


def starts_on(folder, args, keys):
    with server("--dir", folder, *args) as restored, restored.client() as client:
        equal(client.do("DBSIZE"), keys + 1)
        equal(client.do("LRANGE", "list", 0, -1), [str(n).encode() for n in range(keys)])


@check("BACKUP copies the append-only file as of a moment", ours_only=True)
def with_log():
    args = ["--appendonly", "yes", "--aof-segment-size", "4kb"]
    with server(*args) as tarn, tarn.client() as client:
        write(client, 0, 300)
        folder = os.path.join(tarn.directory, "copy")
        equal(client.do("BACKUP", folder), b"Backup started")
        copied(client)
        write(client, 300, 50)
        client.do("BGREWRITEAOF")
        expect(client.call("BACKUP", folder).is_error, "a folder that is there is not written to")
        starts_on(folder, args, 300)


@check("BACKUP without a log is a snapshot", ours_only=True)
def without_log():
    args = ["--dbfilename", "other.rdb", "--rdbcompression", "no"]
    with server(*args) as tarn, tarn.client() as client:
        write(client, 0, 100)
        folder = os.path.join(tarn.directory, "copy")
        client.do("BACKUP", folder)
        copied(client)
        with open(os.path.join(folder, "other.rdb"), "rb") as file:
            equal(file.read(5), b"REDIS", "rdbcompression no")
        starts_on(folder, args, 100)


def fails_for_want_of_room(tarn, client, folder):
    """A limit of the size of files stands for a full disk."""
    pid = tarn.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (5000, before[1]))
    client.do("BACKUP", folder)
    expect(wait_until(lambda: info(client)["backup_copy_in_progress"] == "0"), "no end of it")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    facts = info(client)
    equal(facts["backup_copy_last_status"], "err")
    failure = facts["backup_copy_last_failure"]
    expect(folder in failure and "File too large" in failure, failure)
    expect(not os.path.exists(folder), "the folder is still there")


@check("a BACKUP that fails says why, and leaves nothing that is in the way of the next",
       ours_only=True)
def no_room():
    with server("--rdbcompression", "no") as tarn, tarn.client() as client:
        write(client, 0, 100)
        folder = os.path.join(tarn.directory, "copy")
        fails_for_want_of_room(tarn, client, folder)
        client.do("BACKUP", folder)
        copied(client)


@check("so does one of a log, on another file system", ours_only=True)
def no_room_elsewhere():
    with server("--appendonly", "yes") as tarn, tarn.client() as client:
        if os.stat(tarn.directory).st_dev == os.stat("/dev/shm").st_dev:
            raise Skipped("/dev/shm is no other file system")
        write(client, 0, 100)
        with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
            folder = os.path.join(elsewhere, "copy")
            fails_for_want_of_room(tarn, client, folder)
            client.do("BACKUP", folder)
            copied(client)
            starts_on(folder, ["--appendonly", "yes"], 100)


@check("a BACKUP that a shutdown ends leaves nothing", ours_only=True)
def ended_by_shutdown():
    with server("--rdb-key-save-delay", "1000000") as tarn:
        folder = os.path.join(tarn.directory, "copy")
        with tarn.client() as client:
            write(client, 0, 100)
            client.do("BACKUP", folder)
            expect(wait_until(lambda: os.listdir(folder)), "it has not begun")
            client.send("SHUTDOWN", "NOSAVE")
        equal(tarn.wait(), 0, "exit status")
        expect(not os.path.exists(folder), "the folder is still there")


@check("backup-command gets every closed segment and base, in order, and again until it works",
       ours_only=True)
def command():
    with server("--appendonly", "yes", "--aof-segment-size", "4kb",
                "--enable-protected-configs", "yes") as tarn, tarn.client() as client:
        store = os.path.join(tarn.directory, "store")
        client.do("CONFIG", "SET", "backup-command", f"cp %p {store}/%f")
        write(client, 0, 300)
        expect(wait_until(lambda: info(client)["backup_last_status"] == "err"), "it cannot work")
        expect("cp:" in info(client)["backup_last_failure"], "the failure is not told")
        os.mkdir(store)
        client.do("BGREWRITEAOF")
        expect(wait_until(lambda: info(client)["aof_rewrites"] == "1"), "no rewrite")
        expect(wait_until(lambda: info(client)["backup_files_waiting"] == "0", timeout=20),
               lambda: f"still waiting: {info(client)['backup_files_waiting']}")
        names = os.listdir(store)
        expect(any(".base." in name for name in names), names)
        expect(any(".incr." in name for name in names), names)
        equal(info(client)["backup_last_status"], "ok")


@check("what was written before a log is switched off is backed up", ours_only=True)
def switched_off():
    with server("--appendonly", "yes", "--enable-protected-configs", "yes") as tarn:
        with tarn.client() as client:
            store = new_store(tarn, client)
            write(client, 0, 10)
            client.do("CONFIG", "SET", "appendonly", "no")
            name = os.path.join(store, "appendonly.aof.1.incr.aof")
            expect(wait_until(lambda: os.path.exists(name)), lambda: f"only {os.listdir(store)}")
            with open(name, "rb") as file:
                expect(b"key:9" in file.read(), "not all of it")


@check("segments are backed up while there is always a sync under way", ours_only=True)
def never_idle():
    args = ("--appendonly", "yes", "--appendfsync", "always", "--aof-segment-size", "4kb")
    with server(*args, "--enable-protected-configs", "yes") as tarn, tarn.client() as client:
        client.do("CONFIG", "SET", "backup-command", "true")
        stop = threading.Event()

        def write_on():
            with tarn.client() as writer:
                while not stop.is_set():
                    for _ in range(50):
                        writer.send("SET", "k", "x" * 100)
                    for _ in range(50):
                        writer.read_reply()

        writers = [threading.Thread(target=write_on) for _ in range(4)]
        for writer in writers:
            writer.start()
        try:
            expect(wait_until(lambda: int(info(client)["backup_files_done"]) > 10), "none is")
        finally:
            stop.set()
            for writer in writers:
                writer.join()


@check("two snapshots in one second have two names", ours_only=True)
def snapshots_in_a_second():
    with server("--save", "", "--enable-protected-configs", "yes") as tarn:
        with tarn.client() as client:
            store = new_store(tarn, client)
            for _ in range(5):
                client.do("SAVE")
            expect(wait_until(lambda: len(os.listdir(store)) == 5), lambda: os.listdir(store))


@check("a file that waits is handed over after a restart", ours_only=True)
def restart():
    with server("--save", "", "--enable-protected-configs", "yes") as tarn:
        store = os.path.join(tarn.directory, "store")
        with tarn.client() as client:
            client.do("CONFIG", "SET", "backup-command", f"cp %p {store}/%f")
            write(client, 0, 10)
            client.do("SAVE")
            expect(wait_until(lambda: info(client)["backup_last_status"] == "err"), "no failure")
        tarn.stop()
        os.mkdir(store)
        tarn.args += ["--backup-command", f"cp %p {store}/%f"]
        tarn.start()
        expect(wait_until(lambda: os.listdir(store), timeout=20), "it was forgotten")


if __name__ == "__main__":
    main()
