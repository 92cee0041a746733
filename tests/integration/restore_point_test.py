#!/usr/bin/env python3
"""tarn-restore: back to any batch, and any time, from what backup-command has copied."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main  # noqa: E402
from support.facts import changed, info, read_file, write_file  # noqa: E402
from support.server import Server, wait_until  # noqa: E402
from support.tools import run_tool  # noqa: E402

PAD = "x" * 500


def sequence_of(client):
    return int(info(client)["aof_sequence"])


def contents(client):
    """Keys and values: strings, and the one list that there is."""
    keys = sorted(client.do("KEYS", "*"))
    return {
        key: client.do("LRANGE", key, 0, -1) if key == b"list" else client.do("GET", key)
        for key in keys
    }


class Recorder:
    """Writes numbered keys, and remembers what the data were at some moments."""

    def __init__(self, client):
        self.client = client
        self.number = 0
        self.moments = []  # (sequence, time, contents)

    def write(self, count):
        for _ in range(count):
            self.number += 1
            self.client.do("SET", f"key:{self.number}", f"{self.number}:{PAD}")
            self.client.do("RPUSH", "list", self.number)
            self.client.do("INCR", "counter")
            self.client.do("DEL", f"key:{self.number // 2}")

    def now(self):
        seconds, us = self.client.do("TIME")
        return int(seconds) * 1000 + int(us) // 1000

    def note(self):
        time_ms = self.now()
        self.moments.append((sequence_of(self.client), time_ms, contents(self.client)))
        # What comes later has a later time.
        expect(wait_until(lambda: self.now() > time_ms + 1), "time stands still")


def finished_backups(client):
    """Waits until all that is finished is copied."""

    def all_done():
        now = info(client)
        return now["backup_files_waiting"] == "0" and now["backup_files_done"] != "0"

    expect(wait_until(all_done), "backups do not end")


def fill_segment(recorder):
    """Writes a segment's worth, and waits until that is finished and copied."""
    client = recorder.client
    finished_backups(client)
    before = int(info(client)["backup_files_done"])
    recorder.write(40)
    expect(wait_until(lambda: int(info(client)["backup_files_done"]) > before), "no new segment")


def rewrite(client):
    client.do("BGREWRITEAOF")

    def idle():
        now = info(client)
        return now["aof_rewrite_in_progress"] == "0" and now["aof_rewrite_scheduled"] == "0"

    expect(wait_until(idle), "the rewrite does not end")
    equal(info(client)["aof_last_bgrewrite_status"], "ok")


class History:
    """A server's work, with copies of its files in `store`, and the moments in it."""

    def __init__(self, *args):
        self.args = args

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="tarn-restore-")
        self.store = os.path.join(self.directory, "store")
        os.mkdir(self.store)
        args = ["--appendonly", "yes", "--aof-segment-size", "16kb", *self.args]
        args += ["--backup-command", f"cp %p {self.store}/%f.part && mv {self.store}/%f.part {self.store}/%f"]
        with Server("tarn", args) as tarn, tarn.client() as client:
            recorder = Recorder(client)
            recorder.note()
            recorder.write(10)
            recorder.note()
            fill_segment(recorder)
            recorder.note()
            fill_segment(recorder)
            recorder.note()
            rewrite(client)
            recorder.note()
            recorder.write(15)
            recorder.note()
            rewrite(client)
            recorder.write(45)
            recorder.note()
            # Makes all before it part of files that are finished.
            rewrite(client)
            recorder.note()
            finished_backups(client)
            self.moments = recorder.moments
            tarn.stop()
            self.live = os.path.join(self.directory, "live")
            shutil.copytree(os.path.join(tarn.directory, "appendonlydir"), self.live)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def restore(self, to, source=None):
        """Restores to a new folder; returns that and what was printed."""
        into = tempfile.mkdtemp(prefix="into-", dir=self.directory)
        args = ["--to", to] if to is not None else []
        status, text = run_tool("tarn-restore", "--from", source or self.store, "--into", into, *args)
        return status, text, into

    def restored(self, to, source=None):
        """The contents of a server that starts on what is restored, and its sequence."""
        status, text, into = self.restore(to, source)
        equal(status, 0, text)
        with Server("tarn", ["--appendonly", "yes", "--dir", into]) as tarn, tarn.client() as client:
            return contents(client), sequence_of(client), text


def check_sequence(reached, sequence, history):
    """A server counts on from where it is, or else from beyond all that was left."""
    last = history.moments[-1][0]
    expect(reached == sequence or (sequence < last < reached), f"{reached} after {sequence}")


@check("a store of backups goes back to every batch that was noted")
def back_to_sequences():
    with History() as history:
        for sequence, _, wanted in history.moments:
            found, reached, text = history.restored(str(sequence))
            equal(found, wanted, f"to {sequence}\n{text}")
            check_sequence(reached, sequence, history)
            expect(f"batch {sequence} of" in text, text)


@check("... also where bases are commands, and after a history that was left")
def back_to_bases_of_commands():
    with History("--aof-use-rdb-preamble", "no") as history:
        expect(any(name.endswith(".base.aof") for name in os.listdir(history.store)), "no base")
        for sequence, _, wanted in history.moments:
            found, _, text = history.restored(str(sequence))
            equal(found, wanted, f"to {sequence}\n{text}")
        sequence, _, wanted = history.moments[3]
        status, text, into = history.restore(str(sequence))
        equal(status, 0, text)
        copy = f"cp %p {history.store}/%f"
        args = ["--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--dir", into]
        with Server("tarn", [*args, "--backup-command", copy]) as tarn, tarn.client() as client:
            client.do("SET", "later", "1")
            rewrite(client)
            finished_backups(client)
            later = sequence_of(client)
        equal(history.restored(str(later))[0], {**wanted, b"later": b"1"})
        equal(history.restored(str(history.moments[4][0]))[0], history.moments[4][2])


@check("... and to every time, also as local and UTC time")
def back_to_times():
    with History() as history:
        for sequence, time_ms, wanted in history.moments:
            found, reached, text = history.restored(f"@{time_ms // 1000}.{time_ms % 1000:03}")
            equal(found, wanted, text)
            check_sequence(reached, sequence, history)
            expect(f"batch {sequence} of" in text, text)
            last = sequence == history.moments[-1][0]
            expect(last or "nothing is later" not in text, text)
        _, _, wanted = history.moments[-1]
        for far in ("2100-01-01 00:00:00", "2100-01-01T00:00:00Z", None):
            found, _, text = history.restored(far)
            equal(found, wanted, text)
            equal("nothing is later than that" in text, far is not None, text)


@check("a copy of the directory of the log restores too, with its manifest and without")
def back_from_directory():
    with History() as history:
        sequence, _, wanted = history.moments[-1]
        equal(history.restored(str(sequence), history.live)[0], wanted)
        os.unlink(os.path.join(history.live, "appendonly.aof.manifest"))
        equal(history.restored(str(sequence), history.live)[0], wanted)


@check("a base alone restores, and the server counts on from it")
def back_to_base_alone():
    with History() as history:
        sequence, _, wanted = history.moments[4]  # right after the first rewrite
        for name in os.listdir(history.store):
            if name.endswith(".incr.aof"):
                os.unlink(os.path.join(history.store, name))
        found, reached, _ = history.restored(str(sequence))
        equal(found, wanted)
        check_sequence(reached, sequence, history)


@check("a missing segment, and a damaged one, are named, with how far one can go")
def gaps():
    with History() as history:
        # At the end of the moment's batches there is a base.
        target = history.moments[3][0] - 1
        before, _, wanted = history.moments[1]
        segments = sorted(
            (name for name in os.listdir(history.store) if name.endswith(".incr.aof")),
            key=lambda name: int(name.split(".")[2]),
        )
        second = os.path.join(history.store, segments[1])
        kept = history.path("kept")
        shutil.copy(second, kept)

        os.unlink(second)
        status, text, into = history.restore(str(target))
        equal(status, 1, text)
        expect(segments[2] in text and "missing" in text and "--to " in text, text)
        equal(os.listdir(into), [], "nothing is written")
        reachable = text.rsplit("--to ", 1)[1].strip()
        expect(f"batch {reachable} of" in history.restored(reachable)[2], "not reached")

        whole = read_file(kept)
        write_file(second, changed(whole, len(whole) // 2))
        status, text, _ = history.restore(str(target))
        equal(status, 1, text)
        expect(segments[1] in text and "offset" in text and "--to " in text, text)
        equal(history.restored(str(before))[0], wanted, "what is before the damage")


@check("a killed server goes on where it was, and its backups have no gap")
def killed_between():
    with tempfile.TemporaryDirectory() as store:
        args = ["--appendonly", "yes", "--backup-command", f"cp %p {store}/%f"]
        tarn = Server("tarn", args)
        try:
            tarn.start()
            with tarn.client() as client:
                recorder = Recorder(client)
                recorder.write(10)
                recorder.note()
            tarn.kill()
            tarn.start()
            with tarn.client() as client:
                recorder.client = client
                recorder.write(10)
                recorder.note()
                rewrite(client)
                recorder.write(1)
                finished_backups(client)
            tarn.stop()
            # The same from the first base alone.
            bases = sorted(name for name in os.listdir(store) if ".base." in name)
            equal(len(bases), 2, "bases")
            shutil.copytree(store, os.path.join(store, "old"))
            os.unlink(os.path.join(store, "old", bases[1]))
            for sequence, _, wanted in recorder.moments:
                for source in (store, os.path.join(store, "old")):
                    into = tempfile.mkdtemp(prefix="tarn-into-")
                    status, text = run_tool(
                        "tarn-restore", "--from", source, "--to", sequence, "--into", into
                    )
                    equal(status, 0, text)
                    args = ["--appendonly", "yes", "--dir", into]
                    with Server("tarn", args) as again, again.client() as client:
                        equal(contents(client), wanted, text)
                        expect(sequence_of(client) >= sequence, text)
                    shutil.rmtree(into)
        finally:
            tarn.kill()
            tarn.remove()


def time_of(time_ms):
    return f"@{time_ms // 1000}.{time_ms % 1000:03}"


def files_of(store):
    found = {}
    for name in os.listdir(store):
        with open(os.path.join(store, name), "rb") as file:
            found[name] = file.read()
    return found


@check("after a return the backups go on in the same store, and every moment of all is there")
def several_histories():
    with History() as history:
        moments = list(history.moments)
        for back_to in (3, 8, 1):  # in the first history, in the second, in the first again
            before = files_of(history.store)
            status, text, into = history.restore(str(moments[back_to][0]))
            equal(status, 0, text)
            copy = f"cp %p {history.store}/%f.part && mv {history.store}/%f.part {history.store}/%f"
            args = ["--appendonly", "yes", "--aof-segment-size", "16kb", "--dir", into]
            with Server("tarn", [*args, "--backup-command", copy]) as tarn, tarn.client() as client:
                equal(contents(client), moments[back_to][2])
                recorder = Recorder(client)
                recorder.number = 1000 * len(moments)
                recorder.note()
                fill_segment(recorder)
                recorder.note()
                tarn.kill()
                tarn.start()
                with tarn.client() as again:
                    recorder.client = again
                    recorder.write(3)
                    recorder.note()
                    rewrite(again)
                    recorder.write(3)
                    recorder.note()
                    rewrite(again)
                    finished_backups(again)
                moments += recorder.moments
            after = files_of(history.store)
            equal({name for name in before if after.get(name) != before[name]}, set(), "changed")
        sequences = [sequence for sequence, _, _ in moments]
        equal(sorted(sequences), sequences, "numbers of moments")
        for sequence, time_ms, wanted in moments:
            for to in (str(sequence), time_of(time_ms)):
                status, text, into = history.restore(to)
                equal(status, 0, text)
                with Server("tarn", ["--appendonly", "yes", "--dir", into]) as tarn:
                    with tarn.client() as client:
                        equal(contents(client), wanted, f"to {to}\n{text}")
                shutil.rmtree(into)


@check("a log without numbers, as redis-server writes it, is refused with what to do instead")
def log_without_numbers():
    with Server("redis", ["--appendonly", "yes"]) as redis, redis.client() as client:
        client.do("SET", "k", "v")
        into = os.path.join(redis.directory, "restored")
        status, text = run_tool("tarn-restore", "--from", redis.directory, "--into", into)
        expect(status == 1 and "appendonly.aof.1.base.rdb" in text, text)
        expect("redis-server" in text and "on a copy of" in text, text)
        expect("as old as" not in text and not os.path.exists(into), text)


@check("without a folder to restore into, it is the current one")
def into_current():
    with History() as history:
        sequence, _, wanted = history.moments[-1]
        order = ("--from", history.store, "--to", sequence)
        into = tempfile.mkdtemp(prefix="current-", dir=history.directory)
        status, text = run_tool("tarn-restore", *order, cwd=into)
        equal(status, 0, text)
        with Server("tarn", ["--appendonly", "yes", "--dir", into]) as tarn, tarn.client() as client:
            equal(contents(client), wanted)
        status, text = run_tool("tarn-restore", *order, cwd=into)
        expect(status == 1 and "not empty" in text and "--into" in text, text)


@check("wrong orders are refused")
def refusals():
    with History() as history:
        status, text, _ = history.restore("yesterday")
        expect(status == 1 and "yesterday" in text, text)
        status, text, _ = history.restore("2026-11-31 10:00:00")
        expect(status == 1 and "no moment" in text, text)
        status, text, _ = history.restore("2001-01-01 00:00:00")
        expect(status == 1 and "no base is as old" in text, text)
        status, text, _ = history.restore("999999999")
        expect(status == 1 and "no file has it" in text, text)
        status, text = run_tool(
            "tarn-restore", "--from", history.store, "--into", history.store
        )
        expect(status == 1 and "not empty" in text, text)


if __name__ == "__main__":
    main()
