#!/usr/bin/env python3
"""tarn-check-aof and tarn-check-rdb: whole, torn and damaged files, and their repair."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main  # noqa: E402
from support.facts import changed, info, read_file, write_file  # noqa: E402
from support.server import Server, wait_until  # noqa: E402
from support.tools import run_tool  # noqa: E402

KEYS = 60


class Files:
    """A data directory with a log of several segments, and a snapshot, left by a server."""

    def __enter__(self):
        args = ["--appendonly", "yes", "--aof-segment-size", "4kb", "--rdbcompression", "no"]
        self.server = Server("tarn", args)
        self.server.start()
        self.directory = self.server.directory
        self.log = os.path.join(self.directory, "appendonlydir")
        self.snapshot = os.path.join(self.directory, "dump.rdb")
        with self.server.client() as client:
            for number in range(KEYS):
                client.do("SET", f"key:{number}", f"{number}:" + "x" * 200)
                if number % 20 == 19:
                    self.wait_for_segment(number // 20 + 2)
            client.do("SELECT", 3)
            client.do("RPUSH", "list", 1, 2, 3)
            client.do("HSET", "hash", "field", "value")
            client.do("SET", "soon", "gone", "PX", 1)
            client.do("SELECT", 0)
            client.do("SAVE")
        self.server.stop()
        return self

    def __exit__(self, *_):
        self.server.remove()

    def wait_for_segment(self, number):
        """Twenty keys fill a segment; the next one begins soon."""
        name = os.path.join(self.log, f"appendonly.aof.{number}.incr.aof")

        def begun():
            return os.path.exists(name) and os.path.getsize(name) > 0

        expect(wait_until(begun), f"no {name}")

    def segments(self):
        """Paths of those that have batches, in order."""
        names = [name for name in os.listdir(self.log) if name.endswith(".incr.aof")]
        names.sort(key=lambda name: int(name.split(".")[2]))
        paths = [os.path.join(self.log, name) for name in names]
        return [path for path in paths if b"*3" in read_file(path)]

    def keys(self):
        """What a server loads from the log."""
        again = Server("tarn", ["--appendonly", "yes", "--dir", self.directory])
        try:
            with again, again.client() as client:
                return sorted(int(key[4:]) for key in client.do("KEYS", "key:*"))
        finally:
            again.remove()


@check("a whole log is whole, by directory, manifest and file")
def whole_log():
    with Files() as files:
        status, text = run_tool("tarn-check-aof", files.log)
        equal(status, 0, text)
        expect("all is whole" in text and "batches" in text, text)
        manifest = os.path.join(files.log, "appendonly.aof.manifest")
        equal(run_tool("tarn-check-aof", manifest), (status, text))
        status, text = run_tool("tarn-check-aof", files.segments()[1])
        equal(status, 0, text)
        status, text = run_tool("tarn-check-aof", files.log, "--repair", "--yes")
        equal(status, 0, text)
        equal(len(files.keys()), KEYS)


@check("a torn end is told, and cut only when that is confirmed")
def torn_end():
    with Files() as files:
        last = files.segments()[-1]
        data = read_file(last)
        torn = data + b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9\r\nto"
        write_file(last, torn)
        status, text = run_tool("tarn-check-aof", last)
        equal(status, 1, text)
        expect(f"offset {len(data)}" in text and "torn" in text, text)
        status, text = run_tool("tarn-check-aof", last, "--repair")
        equal(status, 1, text)
        expect("--yes" in text, text)
        equal(read_file(last), torn, "nothing is changed")
        status, text = run_tool("tarn-check-aof", last, "--repair", "--yes")
        equal(status, 0, text)
        expect(f"{len(torn) - len(data)} bytes" in text, text)
        equal(read_file(last), data)
        equal(run_tool("tarn-check-aof", files.log)[0], 0)
        equal(len(files.keys()), KEYS)


@check("damage in the middle is cut, and what follows dropped, with what that loses")
def damage():
    with Files() as files:
        segments = files.segments()
        second = segments[1]
        data = read_file(second)
        # The value of the third command of the segment, whose key is known by its value.
        at = data.index(b":xxx", data.index(b":xxx", data.index(b":xxx") + 4) + 4)
        first_lost = int(data[data.rindex(b"\n", 0, at) + 1 : at])
        write_file(second, changed(data, at + 10))
        status, text = run_tool("tarn-check-aof", files.log)
        equal(status, 1, text)
        expect(os.path.basename(second) in text and "checksum" in text, text)

        broken = Server("tarn", ["--appendonly", "yes", "--dir", files.directory])
        broken.launch()
        equal(broken.wait(), 1, "a server refuses it")
        broken.remove()

        status, text = run_tool("tarn-check-aof", files.log, "--repair", "--yes")
        equal(status, 0, text)
        expect("of batches" in text and "dropped" in text, text)
        status, text = run_tool("tarn-check-aof", files.log)
        equal(status, 0, text)
        equal(files.keys(), list(range(first_lost)))
        expect(os.path.exists(segments[2] + ".dropped"), "what follows is kept aside")


@check("a repair leaves a backup alone that has the same file by a hard link")
def linked_backup():
    with Files() as files:
        last = files.segments()[-1]
        copy = os.path.join(files.directory, "copy")
        write_file(last, read_file(last) + b"*3\r\n$3\r\nSET\r\n")
        os.link(last, copy)
        torn = read_file(last)
        os.chmod(last, 0o640)
        status, text = run_tool("tarn-check-aof", last, "--repair", "--yes")
        equal(status, 0, text)
        equal(read_file(copy), torn, "the backup's")
        expect(len(read_file(last)) < len(torn), "it was not cut")
        equal(os.stat(last).st_mode & 0o777, 0o640, "mode")


@check("a missing segment is a gap; a repair ends the log before it")
def gap():
    with Files() as files:
        segments = files.segments()
        os.unlink(segments[1])
        status, text = run_tool("tarn-check-aof", files.log)
        equal(status, 1, text)
        expect(f"{os.path.basename(segments[1])}: is missing" in text, text)
        equal(run_tool("tarn-check-aof", files.log, "--repair", "--yes")[0], 0)
        equal(run_tool("tarn-check-aof", files.log)[0], 0)
        lost = read_file(segments[0]).count(b"SET\r\n")
        equal(files.keys(), list(range(lost)))


@check("the data directory stands for its log")
def data_directory():
    with Files() as files:
        equal(run_tool("tarn-check-aof", files.directory), run_tool("tarn-check-aof", files.log))


@check("what a server writes after a repair takes no file's name and no number that was there")
def numbers_after_repair():
    with Files() as files:
        store = os.path.join(files.directory, "store")
        os.mkdir(store)
        segments = files.segments()
        last = int(os.path.basename(segments[-1]).split(".")[2])
        for path in segments:
            shutil.copy(path, store)
        archived = {name: read_file(os.path.join(store, name)) for name in os.listdir(store)}
        data = read_file(segments[1])
        write_file(segments[1], changed(data, len(data) // 2))
        equal(run_tool("tarn-check-aof", files.log, "--repair", "--yes")[0], 0)
        args = ["--appendonly", "yes", "--dir", files.directory, "--aof-segment-size", "4kb"]
        again = Server("tarn", [*args, "--backup-command", f"cp %p {store}/%f"])
        with again, again.client() as client:
            first = int(info(client)["aof_sequence"])
            for number in range(100):
                client.do("SET", f"new:{number}", "y" * 100)
            expect(wait_until(lambda: info(client)["backup_files_done"] > "1"), "no backup")
        again.remove()
        # Every command was a batch, but what the server logged at its own.
        expect(first > KEYS + 2, f"{first} was a batch's number")
        for name, bytes_ in archived.items():
            equal(read_file(os.path.join(store, name)) == bytes_, True, name)
        new = [name for name in os.listdir(store) if name not in archived and "incr" in name]
        expect(new and all(int(name.split(".")[2]) > last for name in new), f"{new} after {last}")


def name_segment(files, number):
    with open(os.path.join(files.log, "appendonly.aof.manifest"), "a", encoding="utf-8") as file:
        file.write(f"file appendonly.aof.{number}.incr.aof seq {number} type i\n")
    return os.path.join(files.log, f"appendonly.aof.{number}.incr.aof")


@check("a segment that was named and never begun is no fault, and the server starts, and again")
def named_only():
    with Files() as files:
        with open(name_segment(files, 90), "wb"):
            pass
        status, text = run_tool("tarn-check-aof", files.log)
        equal(status, 0, text)
        for _ in range(2):
            equal(len(files.keys()), KEYS)


@check("a last segment that is named and not there is a fault, and a repair goes on without it")
def last_missing():
    with Files() as files:
        missing = name_segment(files, 90)
        status, text = run_tool("tarn-check-aof", files.log)
        equal(status, 1, text)
        expect(f"{missing}: is missing" in text, text)
        one = Server("tarn", ["--appendonly", "yes", "--dir", files.directory])
        one.launch()
        equal(one.wait(), 1, "a server refuses it")
        last = one.log_tail(1)
        wanted = f"{os.path.basename(missing)} is missing, which the manifest names"
        expect(wanted in last, last)
        one.process = None
        one.remove()
        status, text = run_tool("tarn-check-aof", "--repair", "--yes", files.log)
        equal(status, 0, text)
        equal(len(files.keys()), KEYS)


@check("a log in use is not repaired")
def in_use():
    with Files() as files:
        with Server("tarn", ["--appendonly", "yes", "--dir", files.directory]):
            first = files.segments()[0]
            damaged = read_file(first).replace(b"key:3", b"key:4")
            write_file(first, damaged)
            status, text = run_tool("tarn-check-aof", files.log, "--repair", "--yes")
            equal(status, 1, text)
            equal(read_file(first), damaged, "nothing is changed")


@check("a snapshot is described: version, fields, keys by database and type")
def whole_snapshot():
    with Files() as files:
        status, text = run_tool("tarn-check-rdb", files.snapshot)
        equal(status, 0, text)
        for part in ("RDB version 10, plain", "redis-ver", "checksum ok", f"{KEYS} string"):
            expect(part in text, f"{part}: {text}")
        expect("database 3: " in text and "1 list" in text and "1 hash" in text, text)
        status, text = run_tool("tarn-check-rdb", files.snapshot, "--databases", 2)
        equal(status, 1, text)
        expect("database 3" in text, text)


@check("of a damaged snapshot the keys before the damage are saved")
def damaged_snapshot():
    with Files() as files:
        data = read_file(files.snapshot)
        damaged = os.path.join(files.directory, "damaged.rdb")
        out = os.path.join(files.directory, "saved.rdb")
        write_file(damaged, data[: len(data) // 2])
        status, text = run_tool("tarn-check-rdb", damaged)
        equal(status, 1, text)
        expect("offset" in text and damaged in text, text)
        status, text = run_tool("tarn-check-rdb", damaged, "--repair", out)
        equal(status, 0, text)
        status, text = run_tool("tarn-check-rdb", out)
        equal(status, 0, text)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(out, os.path.join(folder, "dump.rdb"))
            with Server("tarn", ["--dir", folder]) as tarn, tarn.client() as client:
                saved = client.do("KEYS", "key:*")
                expect(0 < len(saved) < KEYS, f"{len(saved)} keys")
                for key in saved:
                    number = key[4:].decode()
                    equal(client.do("GET", key), f"{number}:{'x' * 200}".encode())
        status, text = run_tool("tarn-check-rdb", damaged, "--repair", out)
        equal(status, 1, text)
        expect("exists" in text, text)


@check("one flipped bit anywhere in a snapshot is found by its checksum")
def flipped_bits():
    with Files() as files:
        data = read_file(files.snapshot)
        path = os.path.join(files.directory, "flipped.rdb")
        # The last eight bytes are the checksum itself.
        for at in range(9, len(data), len(data) // 40):
            write_file(path, data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
            status, text = run_tool("tarn-check-rdb", path)
            equal(status, 1, f"at {at}: {text}")


@check("wrong calls explain themselves")
def wrong_calls():
    for tool in ("tarn-check-aof", "tarn-check-rdb", "tarn-restore"):
        status, text = run_tool(tool)
        equal(status, 1, text)
        status, text = run_tool(tool, "--help")
        equal(status, 0, text)
        expect(text.startswith("Usage: " + tool), text)
        equal(run_tool(tool, "--no-such-option")[0], 1)
        equal(run_tool(tool, "/nowhere/at/all")[0], 1)


if __name__ == "__main__":
    main()
