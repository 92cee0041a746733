#!/usr/bin/env python3
"""A disk that fails, at every system call in turn, and a server that dies at every one of them.

    fault_test.py [--calls N]     at most N places of each kind
"""

import argparse
import errno
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from faults import Faults, available  # noqa: E402
from support.server import Server, scaled, wait_until  # noqa: E402
from workload import Writer, check  # noqa: E402

BASE = ["--appendonly", "yes", "--aof-segment-size", "32kb", "--auto-aof-rewrite-percentage", "0",
        "--enable-debug-command", "yes"]


class Scene:
    """A server whose system calls can be made to fail."""

    def __init__(self, fsync, options=()):
        self.server = Server("tarn", BASE + ["--appendfsync", fsync, *options])
        self.server.expect_trouble = True
        self.faults = Faults(self.server.directory)
        self.plain_environment = dict(self.server.env)
        self.server.env.update(self.faults.environment())

    def __enter__(self):
        self.faults.clear()
        self.server.start()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.server.log_tail(40))
        self.server.kill()
        self.server.remove()
        self.faults.close()

    def crash_and_check(self, writers):
        """Kills the server, starts it on a good disk, and looks at the data."""
        self.server.kill()
        self.faults.clear()
        self.server.start()
        with self.server.client() as client:
            for writer in writers:
                check(client, writer)


def writes_work(server):
    with server.client() as client:
        return not client.call("SET", "probe", "1").is_error


def syncing(server):
    with server.client() as client:
        return b"aof_pending_bio_fsync:1" in client.do("INFO", "persistence")


def write_later(server):
    """A writer that has written for a while, and was never refused."""
    more = Writer(server.port, "later")
    more.start()
    time.sleep(0.05)
    more.stop()
    assert more.refused is None, more.refused
    return more


def failing_disk(fsync, calls, error):
    """Writes are refused while it lasts, reads go on, and writes begin again by themselves."""
    with Scene(fsync) as scene, scene.server.client() as reader:
        server = scene.server
        reader.do("SET", "probe", "0")
        writers = [Writer(server.port, f"w{i}") for i in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(0.05)
        scene.faults.fail(calls, error)
        if calls not in ("open", "rename", "allocate"):
            assert wait_until(lambda: all(w.halt.is_set() or not w.is_alive() for w in writers),
                              timeout=20), "writers were not told"
            refused = reader.call("SET", "other", "1")
            assert refused.is_error and refused.value.startswith(b"MISCONF"), refused
        assert reader.do("GET", "probe") == b"0", "reads do not go on"
        scene.faults.clear()
        assert wait_until(lambda: writes_work(server), timeout=20), "writes do not begin again"
        for writer in writers:
            writer.stop()
        more = write_later(server)
        # With everysec, what comes during a sync is promised only when that is over.
        assert wait_until(lambda: not syncing(server), timeout=20), "a sync that never ends"
        scene.crash_and_check(writers + [more])


def called_off(command, fsync, calls, error):
    """The disk fails in the command that ends the log: the server goes on, and so does its log."""
    with Scene(fsync) as scene:
        server = scene.server
        writer = Writer(server.port, "w")
        writer.start()
        time.sleep(0.05)
        writer.stop()
        assert wait_until(lambda: not syncing(server), timeout=20), "a sync that never ends"
        with server.client() as client:
            scene.faults.fail(calls, error)
            # Its batch stays behind in the log that ends, as it cannot be written.
            with server.client() as cut_off:
                cut_off.send("SET", "other", "1")
                wait_until(lambda: b"aof_last_write_status:err" in client.do("INFO", "persistence"),
                           timeout=2)
            answer = client.call(*command)
            assert answer.is_error, answer
            refused = client.call("SET", "other", "1")
            assert refused.is_error and refused.value.startswith(b"MISCONF"), refused
            check(client, writer)
        scene.faults.clear()
        assert wait_until(lambda: writes_work(server), timeout=20), "writes do not begin again"
        more = write_later(server)
        assert wait_until(lambda: not syncing(server), timeout=20), "a sync that never ends"
        scene.crash_and_check([writer, more])


def short_writes(fsync):
    with Scene(fsync) as scene:
        scene.faults.shorten("write")
        writer = Writer(scene.server.port, "w", steps_at_once=20)
        writer.start()
        time.sleep(0.1)
        writer.stop()
        assert writer.refused is None, writer.refused
        scene.crash_and_check([writer])


def little_room(fsync):
    """Less room than is reserved at a time, and more than what is written: no write is refused."""
    with Scene(fsync) as scene:
        scene.faults.shorten("allocate")
        scene.server.stop()
        scene.server.start()
        writer = Writer(scene.server.port, "w", steps_at_once=20)
        writer.start()
        time.sleep(0.5)
        writer.stop()
        assert writer.refused is None, writer.refused
        assert scene.faults.hit > 0, "nothing was reserved"
        scene.crash_and_check([writer])


def rewrite_without_segment():
    """A rewrite that cannot begin, as no segment can be made for what comes after it, has failed."""
    def status(client):
        lines = client.do("INFO", "persistence").splitlines()
        return dict(line.split(b":", 1) for line in lines if b":" in line)

    with Scene("always") as scene, scene.server.client() as client:
        client.do("SET", "k", "v")
        scene.faults.fail("open", errno.EACCES)
        client.do("BGREWRITEAOF")
        assert wait_until(lambda: status(client)[b"aof_last_bgrewrite_status"] == b"err"), \
            "nobody is told"
        assert status(client)[b"aof_rewrite_scheduled"] == b"0"
        scene.faults.clear()
        client.do("BGREWRITEAOF")
        assert wait_until(lambda: status(client)[b"aof_last_bgrewrite_status"] == b"ok")


def flushed_while_hanging():
    """FLUSHALL waits for no disk; what it deleted stays away, what is saved afterwards stays."""
    options = ("--appendonly", "no", "--save", "3600 1")

    def kept(scene):
        scene.server.kill()
        scene.faults.clear()
        scene.server.start()
        with scene.server.client() as client:
            return client.do("KEYS", "*")

    def saved_and_flushed(scene, client):
        client.do("SET", "old", "v")
        client.do("SAVE")
        scene.faults.hang("fsync")
        assert client.do("FLUSHALL") == b"OK"
        assert client.do("SET", "new", "v") == b"OK"

    with Scene("no", options) as scene:
        with scene.server.client() as client:
            saved_and_flushed(scene, client)
        assert kept(scene) == [], "flushed keys are back"
        with scene.server.client() as client:
            saved_and_flushed(scene, client)
            scene.faults.clear()
            client.do("SAVE")
            worker_s = os.path.join(scene.server.directory, "dump.rdb.empty.tmp")
            assert wait_until(lambda: not os.path.exists(worker_s)), "the worker does not end"
        assert kept(scene) == [b"new"], "what was saved after FLUSHALL is lost"
        with scene.server.client() as client:
            saved_and_flushed(scene, client)
            scene.faults.clear()
            dump = os.path.join(scene.server.directory, "dump.rdb")
            assert wait_until(lambda: os.path.exists(dump)), "there is no snapshot without keys"
        assert kept(scene) == [], "flushed keys are back"


# What is going on when the server dies, and what that makes it call.
def chores(client):
    client.call("BGREWRITEAOF")
    wait_until(lambda: b"aof_rewrite_in_progress:0" in client.do("INFO", "persistence"), 10)
    client.call("SAVE")
    client.call("BGSAVE")
    wait_until(lambda: b"rdb_bgsave_in_progress:0" in client.do("INFO", "persistence"), 10)


def scripted(server, writer):
    """Writes, a rewrite, snapshots, and writes over the end of a segment: until the server dies."""
    writer.start()
    try:
        with server.client() as client:
            client.do("SET", "filler", "x" * 40_000)
            chores(client)
            client.do("SET", "filler", "y" * 40_000)
            time.sleep(0.05)
    except Exception:  # noqa: BLE001  the connection, at any moment
        pass
    writer.stop()


def calls_made(calls):
    with Scene("always") as scene:
        scene.faults.count(calls)
        scripted(scene.server, Writer(scene.server.port, "w"))
        return scene.faults.seen


def dying(calls, places):
    """Dies at the n-th call, for n over all of them."""
    total = min(calls_made(calls), 400)
    step = max(1, total // places)
    for skip in range(0, total, step):
        with Scene("always") as scene:
            scene.faults.kill(calls, skip)
            writer = Writer(scene.server.port, "w")
            scripted(scene.server, writer)
            scene.crash_and_check([writer])
    return len(range(0, total, step))


def dying_at_start(places):
    """Dies while it starts on the data of an earlier life."""
    with Scene("always") as scene:
        writer = Writer(scene.server.port, "w", steps_at_once=5)
        writer.start()
        time.sleep(0.1)
        writer.stop()
        scene.server.kill()
        keep = scene.server.directory + ".keep"
        shutil.copytree(scene.server.directory, keep)
        for skip in range(places):
            scene.server.kill()
            shutil.rmtree(scene.server.directory)
            shutil.copytree(keep, scene.server.directory)
            scene.faults.kill("all", skip)
            scene.server.launch()
            wait_until(lambda: not scene.server.alive or scene.faults.hit, timeout=0.3)
            scene.crash_and_check([writer])
        shutil.rmtree(keep)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=scaled(25, 5))
    options = parser.parse_args()
    if not available():
        print("TARN_FAULTS names no library")
        sys.exit(77)
    for fsync in ("always", "everysec"):
        for calls in ("write", "fsync", "truncate", "allocate", "open", "rename"):
            for error in (errno.ENOSPC, errno.EIO, errno.EROFS):
                if calls == "fsync" and fsync == "everysec" and error != errno.EIO:
                    continue
                name = errno.errorcode[error]
                if calls == "truncate":
                    set_of = ["write", "truncate"]
                else:
                    set_of = calls
                failing_disk(fsync, set_of, error)
                print(f"ok  {fsync}: {calls} fails with {name}", flush=True)
        for command in (("SHUTDOWN", "NOSAVE"), ("DEBUG", "LOADAOF")):
            for calls, error in (("fsync", errno.EIO), ("write", errno.ENOSPC)):
                called_off(command, fsync, calls, error)
                print(f"ok  {fsync}: {' '.join(command)} called off, {calls} fails", flush=True)
        short_writes(fsync)
        print(f"ok  {fsync}: short writes", flush=True)
        little_room(fsync)
        print(f"ok  {fsync}: little room", flush=True)
    rewrite_without_segment()
    print("ok  a rewrite that cannot begin", flush=True)
    flushed_while_hanging()
    print("ok  FLUSHALL while fsync hangs", flush=True)
    for calls in ("write", "fsync", "rename", "open", "truncate", "allocate", "link", "unlink"):
        print(f"ok  killed at {dying(calls, options.calls)} calls of {calls}", flush=True)
    dying_at_start(options.calls)
    print("ok  killed while starting", flush=True)


if __name__ == "__main__":
    main()
