#!/usr/bin/env python3
"""The append-only file of a server that runs: switched on and off, read again, at the end."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import check, equal, expect, main, server  # noqa: E402
from support.facts import info  # noqa: E402
from support.resp import ConnectionClosed  # noqa: E402
from support.server import wait_until  # noqa: E402

DEBUG = ("--enable-debug-command", "yes")
LOGGING = ("--appendonly", "yes", "--appendfsync", "always")


def rewritten(client):
    """Whether no base is being written, nor is about to be."""
    facts = info(client)
    return facts["aof_rewrite_in_progress"] == facts["aof_rewrite_scheduled"] == "0"


def killed_and_restarted(one, *args):
    one.kill()
    one.process = None
    one.args = [*DEBUG, *LOGGING, *args]
    one.start()


@check("SHUTDOWN ends the log; all is there after a restart")
def shutdown():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            client.do("SET", "k", "v")
            try:
                client.do("SHUTDOWN")
                raise AssertionError("SHUTDOWN was answered")
            except ConnectionClosed:
                pass
        equal(one.wait(), 0, "exit status")
        one.process = None
        one.start()
        with one.client() as client:
            equal(client.do("GET", "k"), b"v")


@check("switched on at run time, the log begins with what there is")
def switched_on():
    with server(*DEBUG) as one:
        with one.client() as client:
            client.do("SET", "before", 1)
            client.do("CONFIG", "SET", "appendonly", "yes")
            expect(wait_until(lambda: rewritten(client)), "no base is written")
            client.do("CONFIG", "SET", "appendfsync", "always")
            client.do("SET", "after", 1)
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "before", "after"), [b"1", b"1"])


@check("switched off at run time, the log keeps what came before")
def switched_off():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            client.do("SET", "before", 1)
            client.do("CONFIG", "SET", "appendonly", "no")
            client.do("SET", "after", 1)
            equal(info(client)["aof_enabled"], "0")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "before", "after"), [b"1", None])


@check("switched within a transaction, each part of it goes where it belongs", ours_only=True)
def switched_in_transaction():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            client.do("MULTI")
            client.do("SET", "first", 1)
            client.do("INCR", "first")
            client.do("CONFIG", "SET", "appendonly", "no")
            client.do("INCR", "first")
            equal(client.do("EXEC"), [b"OK", 2, b"OK", 3])
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("GET", "first"), b"2")
            client.do("CONFIG", "SET", "appendonly", "no")
            client.do("MULTI")
            client.do("INCR", "first")
            client.do("CONFIG", "SET", "appendonly", "yes")
            client.do("INCR", "first")
            client.do("INCR", "second")
            equal(client.do("EXEC"), [3, b"OK", 4, 1])
            expect(wait_until(lambda: rewritten(client)), "no base is written")
            client.do("INCR", "second")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "first", "second"), [b"4", b"2"])


@check("DEBUG LOADAOF reads the log and adds nothing to it", ours_only=True)
def loaded_again():
    for count in (1, 3):  # effects that are told alone, and as a unit
        with server(*DEBUG, *LOGGING) as one:
            with one.client() as client:
                for _ in range(count):
                    client.do("INCR", "n")
                before = info(client)["aof_sequence"]
                for _ in range(2):
                    equal(client.do("DEBUG", "LOADAOF"), b"OK")
                    equal(client.do("GET", "n"), b"%d" % count)
                equal(info(client)["aof_sequence"], before, "batches")
                client.do("INCR", "n")
            killed_and_restarted(one)
            with one.client() as client:
                equal(client.do("GET", "n"), b"%d" % (count + 1))


@check("a log that DEBUG LOADAOF cannot read ends the server; mended, it has all that was written")
def unreadable_log():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            client.do("SET", "k", "v")
            base = os.path.join(one.directory, "appendonlydir", "appendonly.aof.1.base.rdb")
            with open(base, "rb") as file:
                whole = file.read()
            with open(base, "wb") as file:
                file.write(b"no snapshot")
            try:
                answer = client.call("DEBUG", "LOADAOF")
                raise AssertionError(f"LOADAOF was answered: {answer}")
            except ConnectionClosed:
                pass
        equal(one.wait(), 1, "exit status")
        one.process = None
        with open(base, "wb") as file:
            file.write(whole)
        one.start()
        with one.client() as client:
            equal(client.do("GET", "k"), b"v")


def writes_work(client):
    return not client.call("SET", "probe", "1").is_error


@check("DEBUG LOADAOF without a manifest changes nothing, and the log begins anew", ours_only=True)
def lost_manifest():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            client.do("SET", "before", "1")
            os.unlink(os.path.join(one.directory, "appendonlydir", "appendonly.aof.manifest"))
            expect(client.call("DEBUG", "LOADAOF").is_error, "LOADAOF has loaded something")
            equal(client.do("GET", "before"), b"1")
            expect(wait_until(lambda: writes_work(client)), "writes do not begin again")
            client.do("SET", "after", "1")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "before", "after"), [b"1", b"1"])


def switch_on_during_save(client, *options):
    """Switches a log on whose first base has to wait for a snapshot that takes its time."""
    client.do("SET", "logged", "1")
    client.do("CONFIG", "SET", "appendonly", "no", "rdb-key-save-delay", "10000000")
    client.do("SET", "k", "v")
    client.do("BGSAVE")
    client.do("CONFIG", "SET", "appendonly", "yes", *options)


@check("while the first base is being written, there is nothing to load and nothing to find",
       ours_only=True)
def no_base_yet():
    for earlier_log in (False, True):
        with server(*DEBUG, *(LOGGING if earlier_log else ())) as one:
            with one.client() as client:
                switch_on_during_save(client, "aof-segment-size", "1kb")
                client.do("SET", "large", "x" * 10_000)
                time.sleep(0.1)
                client.do("SET", "large", "y" * 10_000)
                expect(client.call("DEBUG", "LOADAOF").is_error, "LOADAOF has loaded something")
                equal(client.do("MGET", "logged", "k"), [b"1", b"v"])
            killed_and_restarted(one)
            with one.client() as client:
                equal(client.do("MGET", "logged", "k", "large"),
                      [b"1" if earlier_log else None, None, None])


@check("SHUTDOWN writes the first base where no child has yet", ours_only=True)
def shutdown_without_base():
    for earlier_log in (False, True):
        with server(*DEBUG, *(LOGGING if earlier_log else ())) as one:
            with one.client() as client:
                switch_on_during_save(client, "rdb-key-save-delay", "0")
                client.do("SET", "later", "1")
                try:
                    client.do("SHUTDOWN", "NOSAVE")
                    raise AssertionError("SHUTDOWN was answered")
                except ConnectionClosed:
                    pass
            equal(one.wait(), 0, "exit status")
            one.process = None
            one.args = [*DEBUG, *LOGGING]
            one.start()
            with one.client() as client:
                equal(client.do("MGET", "logged", "k", "later"), [b"1", b"v", b"1"])
                client.do("SET", "more", "1")
            killed_and_restarted(one)
            with one.client() as client:
                equal(client.do("MGET", "k", "more"), [b"v", b"1"])


@check("a WAITAOF whose time is up is forgotten, whatever its client waits for next", ours_only=True)
def waits_that_end():
    with server(*DEBUG, "--appendonly", "yes", "--appendfsync", "everysec") as one:
        with one.client() as client, one.client() as other:
            for name in ("a", "b", "c"):
                client.send("SET", name, "1")
                client.send("WAITAOF", 1, 0, 1)
            client.send("BLPOP", "list", 0)
            for _ in range(3):
                equal(client.read_reply().value, b"OK")
                client.read_reply()
            # The log is synced meanwhile, which is none of the list's business.
            other.do("SET", "d", "1")
            equal(other.do("WAITAOF", 1, 0, 0), [1, 0])
            other.do("RPUSH", "list", "element")
            equal([part.value for part in client.read_reply().value], [b"list", b"element"])


@check("WAITAOF tells of nothing before there is a base, and of no log that was switched off",
       ours_only=True)
def waits_without_log():
    with server(*DEBUG, "--appendfsync", "no") as one:
        with one.client() as client, one.client() as waiting:
            equal(client.do("WAITAOF", 0, 0, 0), [0, 0])
            equal(client.do("WAITAOF", 0, 1, 20), [0, 0])
            switch_on_during_save(client)
            equal(client.do("WAITAOF", 1, 0, 50), [0, 0])
            waiting.send("WAITAOF", 1, 0, 0)
            expect(wait_until(lambda: b"blocked_clients:1" in client.do("INFO", "clients")),
                   "it does not wait")
            client.do("CONFIG", "SET", "appendonly", "no")
            answer = waiting.read_reply()
            expect(answer.is_error and b"appendonly is disabled" in answer.value, answer)
            # Without regular syncs one is made for those who wait.
            client.do("CONFIG", "SET", "rdb-key-save-delay", "0")
            client.do("FLUSHALL")
            client.do("CONFIG", "SET", "appendonly", "yes")
            client.do("SET", "k", "v")
            equal(client.do("WAITAOF", 1, 0, 0), [1, 0])


@check("numbers of batches go on where a log is off for a while, and the server, too",
       ours_only=True)
def numbers_go_on():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            for number in range(30):
                client.do("SET", "k", number)
            last = int(info(client)["aof_sequence"])
            client.do("CONFIG", "SET", "appendonly", "no")
        one.stop()
        one.args = [*DEBUG]
        one.start()
        with one.client() as client:
            client.do("CONFIG", "SET", "appendonly", "yes")
            client.do("SET", "k", "v")
            expect(int(info(client)["aof_sequence"]) > last, info(client)["aof_sequence"])


@check("the directory does not change under an open log", ours_only=True)
def directory_change():
    with server("--enable-protected-configs", "yes", "--appendonly", "yes") as one:
        with one.client() as client:
            other = os.path.join(one.directory, "other")
            os.mkdir(other)
            answer = client.call("CONFIG", "SET", "dir", other)
            expect(answer.is_error and b"append-only file is open" in answer.value, answer)
            client.do("CONFIG", "SET", "appendonly", "no")
            equal(client.do("CONFIG", "SET", "dir", other), b"OK")
            client.do("CONFIG", "SET", "appendonly", "yes")
            expect(wait_until(lambda: rewritten(client)), "no base is written")
            expect(os.path.exists(os.path.join(other, "appendonlydir")), "it is elsewhere")


@check("while the log is loaded it can be neither switched nor loaded again", ours_only=True)
def busy_loading():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            for number in range(8):
                client.do("SET", f"k{number}", "x" * 1_000_000)
        one.kill()
        one.args = [*DEBUG, *LOGGING, "--key-load-delay", "300000"]
        one.launch()

        def refusals():
            try:
                with one.client() as client:
                    loading = client.call("GET", "k0").is_error
                    return loading and [
                        client.call("CONFIG", "SET", "appendonly", "no").value,
                        client.call("DEBUG", "RELOAD").value,
                        client.call("DEBUG", "LOADAOF").value,
                    ]
            except OSError:
                return False

        answers = []
        expect(wait_until(lambda: answers.append(refusals()) or answers[-1]), "it is not loading")
        switch, *loads = answers[-1]
        expect(b"while the dataset is being loaded" in switch, switch)
        expect(all(load.startswith(b"LOADING") for load in loads), loads)
        with one.client() as client:
            expect(wait_until(lambda: not client.call("GET", "k0").is_error), "it loads no end")
            equal(client.do("DBSIZE"), 8)


@check("the progress of loading counts all files of the log together", ours_only=True)
def progress():
    with server(*DEBUG, *LOGGING, "--aof-segment-size", "3mb") as one:
        with one.client() as client:
            for number in range(12):
                client.do("SET", f"k{number}", "x" * 1_000_000)
                time.sleep(0.02)
            expect(int(info(client)["aof_segments"]) > 2, "few segments")
        one.kill()
        one.args = [*DEBUG, *LOGGING, "--key-load-delay", "50000"]
        one.launch()
        seen = []

        def loaded():
            try:
                with one.client() as client:
                    facts = info(client)
                    seen.append(int(facts.get("loading_loaded_bytes", 0)))
                    return facts["loading"] == "0"
            except OSError:
                return False

        expect(wait_until(loaded), "it loads no end")
        while_loading = seen[:-1]
        equal(while_loading, sorted(while_loading))
        expect(while_loading[-1] > 6_000_000, f"{while_loading} of 12 MB")


@check("a client that is cut off in the batch in which it wrote", ours_only=True)
def cut_off_writers():
    with server(*DEBUG, *LOGGING) as one:
        for number in range(50):
            with one.client() as client:
                client.send_raw(b"SET k%d v\r\nPOST / HTTP/1.1\r\n\r\n" % number)
        with one.client() as client:
            # Others' batches become safe after it is gone.
            for number in range(50):
                client.do("CLIENT", "SETNAME", "x" * (number + 1))
                equal(client.do("SET", "other", number), b"OK")
            expect(wait_until(lambda: client.do("DBSIZE") == 51), "a write is missing")


@check("a rewrite that has to wait for a snapshot is told of")
def waiting_rewrite():
    with server(*LOGGING, "--rdb-key-save-delay", "10000000") as one, one.client() as client:
        client.do("SET", "k", "v")
        equal(info(client)["aof_pending_rewrite"], "0")
        client.do("BGSAVE")
        client.do("BGREWRITEAOF")
        equal(info(client)["aof_pending_rewrite"], "1")
        client.do("CONFIG", "SET", "rdb-key-save-delay", "0")
        client.do("FLUSHALL")
        expect(wait_until(lambda: info(client)["aof_pending_rewrite"] == "0"), "it waits on")


@check("with the log off BGREWRITEAOF writes a base, which a start with the log on begins with")
def rewritten_while_off():
    with server(*DEBUG) as one:
        with one.client() as client:
            for value in ("old", "new"):
                client.do("SET", "k", value)
                started = b"Background append only file rewriting started"
                equal(client.do("BGREWRITEAOF"), started)
                expect(wait_until(lambda: rewritten(client)), "no base is written")
                equal(info(client)["aof_last_bgrewrite_status"], "ok")
            client.do("SET", "later", "not logged")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "k", "later"), [b"new", None])
            client.do("SET", "k", "newer")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("GET", "k"), b"newer")


@check("a rewrite while the log is off, between times when it is on")
def rewritten_between():
    with server(*DEBUG, *LOGGING) as one:
        with one.client() as client:
            client.do("SET", "logged", 1)
            client.do("CONFIG", "SET", "appendonly", "no")
            client.do("SET", "unlogged", 1)
            client.do("BGREWRITEAOF")
            expect(wait_until(lambda: rewritten(client)), "no base is written")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "logged", "unlogged"), [b"1", b"1"])
            client.do("CONFIG", "SET", "appendonly", "no")
            client.do("SET", "unlogged", 2)
            client.do("BGREWRITEAOF")
            # While that base is under way, or has just been written.
            client.do("CONFIG", "SET", "appendonly", "yes")
            client.do("SET", "logged", 2)
            expect(wait_until(lambda: rewritten(client)), "no base is written")
            client.do("SET", "after", 2)
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("MGET", "logged", "unlogged", "after"), [b"2", b"2", b"2"])


@check("a log that is switched off and on while its rewrite is under way", ours_only=True)
def switched_in_rewrite():
    with server(*DEBUG, *LOGGING, "--rdb-key-save-delay", "50000") as one:
        with one.client() as client:
            client.pipeline(["SET", f"key:{n}", n] for n in range(100))
            client.do("BGREWRITEAOF")
            for _ in range(3):
                expect(wait_until(lambda: info(client)["aof_rewrite_in_progress"] == "1"), "no child")
                client.do("CONFIG", "SET", "appendonly", "no")
                client.do("INCR", "n")
                client.do("CONFIG", "SET", "appendonly", "yes")
                client.do("INCR", "n")
            client.do("CONFIG", "SET", "rdb-key-save-delay", 0)
            client.do("CONFIG", "SET", "appendonly", "no")
            client.do("CONFIG", "SET", "appendonly", "yes")
            expect(wait_until(lambda: rewritten(client)), "no base is written")
            client.do("INCR", "n")
        killed_and_restarted(one)
        with one.client() as client:
            equal(client.do("GET", "n"), b"7")
            equal(client.do("DBSIZE"), 101)


@check("a segment that is full ends with the batch that fills it", ours_only=True)
def full_segments():
    def segments_after_ten_batches():
        args = ("--appendonly", "yes", "--aof-segment-size", "4kb", "--hz", "1")
        with server(*args) as one, one.client() as client:
            for _ in range(10):
                client.do("SET", "k", "v" * 5000)
                time.sleep(0.02)
            return int(info(client)["aof_segments"])

    # A disk that is slow at the time may delay some.
    counts = []
    while len(counts) < 5 and max(counts, default=0) < 5:
        counts.append(segments_after_ten_batches())
    expect(max(counts) >= 5, f"segments after ten batches: {counts}")


if __name__ == "__main__":
    main()
