#!/usr/bin/env python3
"""The process: daemon, pid file, log file, unix socket, signals, crash report, systemd."""

import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import KIND, ORACLE, Skipped, check, equal, expect, main, server  # noqa: E402
from support.facts import info  # noqa: E402
from support.resp import Client  # noqa: E402
from support.server import Server, scaled, wait_until  # noqa: E402


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return state(pid) == [b"Z"]


def state(pid):
    """As ps names it in one letter, in a list; empty where there is no such process."""
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1]


@check("daemonize: the parent returns 0, the child has a pid file and a log, SIGTERM ends it")
def daemon():
    one = Server(KIND)
    pidfile, logfile = os.path.join(one.directory, "pid"), os.path.join(one.directory, "log")
    pid = None
    try:
        done = subprocess.run(
            one.command_line() + ["--daemonize", "yes", "--pidfile", pidfile, "--logfile", logfile],
            timeout=20,
            check=False,
            cwd="/",
        )
        equal(done.returncode, 0, "status of the parent")
        expect(
            wait_until(lambda: b"Ready to accept" in read(logfile)),
            lambda: f"log: {read(logfile)!r}",
        )
        pid = int(read(pidfile))
        with one.client() as client:
            equal(client.do("PING"), b"PONG")
            expect(
                f"process_id:{pid}\r\n".encode() in client.do("INFO", "server"),
                "INFO names another process",
            )
        expect(os.getsid(pid) != os.getsid(0), "the daemon is in our session")
        os.kill(pid, signal.SIGTERM)
        expect(wait_until(lambda: gone(pid), 10), "SIGTERM did not end the daemon")
        expect(not os.path.exists(pidfile), "the pid file is still there")
        pid = None
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
        one.remove()


@check("a log file takes the log, and standard output stays empty")
def logfile():
    one = server("--logfile", "own.log")
    with one:
        path = os.path.join(one.directory, "own.log")
        expect(b"Ready to accept connections" in read(path), "nothing in the log file")
        expect(b"Ready to accept" not in one.log(), "the log went to standard output too")


@check("a log file that was moved away, or deleted, is begun anew with the next line")
def log_rotation():
    one = server("--logfile", "own.log", "--save", "")
    with one, one.client() as client:
        path = os.path.join(one.directory, "own.log")
        for get_rid_of in (lambda: os.rename(path, path + ".1"), lambda: os.remove(path)):
            get_rid_of()
            client.do("SAVE")
            expect(
                wait_until(lambda: b"DB saved on disk" in read(path)),
                lambda: f"the new log file has {read(path)!r}",
            )
        expect(
            b"Ready to accept" in read(path + ".1") and b"DB saved" not in read(path + ".1"),
            "the log went on in the file that was moved away",
        )


@check("a unix socket with its permissions, beside the port")
def unix_socket():
    one = server("--unixsocket", "here.sock", "--unixsocketperm", "700")
    with one:
        path = os.path.join(one.directory, "here.sock")
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o700, "permissions")
        with Client(path) as client, one.client() as other:
            client.do("SET", "k", "v")
            equal(other.do("GET", "k"), b"v")
            expect(
                b"here.sock:0 " in client.do("CLIENT", "INFO"),
                "CLIENT INFO does not name the socket",
            )
            expect(
                b"flags=U" in client.do("CLIENT", "INFO"), "CLIENT INFO does not show the flag U"
            )
        # A second start finds the left-over of a killed one and replaces it.
        one.process.kill()
        one.process.wait()
        one.start()
        with Client(path) as client:
            equal(client.do("PING"), b"PONG")


def ends_with(number):
    with server() as one:
        with one.client() as client:
            client.do("SET", "k", "v")
            one.signal(number)
            equal(one.wait(), 0, "exit status")
            data, closed = client.read_until_close()
            expect(closed and not data, f"the client got {data!r}")
        one.check_log()
        log = one.log().decode()
        expect(
            "bye bye" in log.lower() or "exit" in log.lower(),
            f"no farewell in the log: {log[-300:]!r}",
        )


@check("SIGTERM ends it cleanly, with status 0")
def sigterm():
    ends_with(signal.SIGTERM)


@check("SIGINT ends it cleanly, with status 0")
def sigint():
    ends_with(signal.SIGINT)


@check("a SIGINT while the last snapshot is written ends it at once, with status 1")
def sigint_again():
    one = server("--save", "900 1", "--rdb-key-save-delay", "10000000")
    one.expect_trouble = True  # it is not to exit with status 0
    with one:
        with one.client() as client:
            client.do("MSET", *(f"{i}" for i in range(100)))
        one.signal(signal.SIGTERM)
        expect(wait_until(lambda: b"Saving the final RDB snapshot" in one.log()), one.log())
        one.signal(signal.SIGINT)
        equal(one.wait(), 1, "exit status")
        expect(not os.path.exists(os.path.join(one.directory, "dump.rdb")), "a torn snapshot")


@check("SIGTERM ends it cleanly as soon as its port is open")
def sigterm_at_start():
    one = server()
    pid_file = os.path.join(one.directory, "pid")
    os.mkfifo(pid_file)  # It waits there until somebody reads.
    one.args += ["--pidfile", pid_file]
    try:
        one.launch()
        reached = wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", one.port)) == 0)
        expect(reached, "no connection")
        one.signal(signal.SIGTERM)
        reader = os.open(pid_file, os.O_RDONLY | os.O_NONBLOCK)
        equal(one.wait(), 0, "exit status")
        os.close(reader)
    finally:
        one.kill()
        one.remove()


@check("a second SIGINT ends it at once, with status 1, where a command keeps it from the first",
       ours_only=True)  # redis-server's sleep ends with the first
def sigint_during_command():
    one = server("--enable-debug-command", "yes")
    one.expect_trouble = True  # it is not to exit with status 0

    def busy():
        try:
            with Client(one.port, timeout=0.2) as other:
                other.do("PING")
            return False
        except OSError:
            return True

    with one, one.client() as client:
        client.send("DEBUG", "SLEEP", 60)
        expect(wait_until(busy), "the command does not run")
        one.signal(signal.SIGINT)
        expect(busy(), "ended by the first")
        one.signal(signal.SIGINT)
        equal(one.wait(), 1, "exit status")


@check("SIGUSR1 does as well, as it ends memcached gracefully", ours_only=True)
def sigusr1():
    ends_with(signal.SIGUSR1)


@check("SIGHUP and SIGPIPE are ignored")
def sighup():
    with server() as one, one.client() as client:
        for number in (signal.SIGHUP, signal.SIGPIPE):
            one.signal(number)
            time.sleep(0.05)
            equal(client.do("PING"), b"PONG")


@check("the thread of commands, helpers and children run on the processors of the *_cpulist")
def processors():
    if not {0, 1} <= os.sched_getaffinity(0):
        raise Skipped("there are not two processors to choose from")

    def where(pid):
        return os.sched_getaffinity(pid)

    def helpers(pid):
        return [int(task) for task in os.listdir(f"/proc/{pid}/task") if int(task) != pid]

    with server("--server_cpulist", "0", "--bgsave_cpulist", "1",
                "--rdb-key-save-delay", "10000000") as one, one.client() as client:
        pid = one.process.pid
        equal(where(pid), {0}, "thread of commands")
        expect(any({0, 1} <= where(task) for task in helpers(pid)), "no helper runs elsewhere")
        client.do("SET", "k", "v")
        client.do("BGSAVE")
        children = read(f"/proc/{pid}/task/{pid}/children").split()
        expect(wait_until(lambda: where(int(children[0])) == {1}), where(int(children[0])))
        client.do("CONFIG", "SET", "rdb-key-save-delay", "0")
    with server("--bio_cpulist", "1-1:3") as one:
        pid = one.process.pid
        expect({0, 1} <= where(pid), where(pid))
        expect(any(where(task) == {1} for task in helpers(pid)), "no helper runs there")


@check("SORT ALPHA goes by the locale of the environment, or by locale-collate")
def locale():
    with tempfile.TemporaryDirectory() as locales:
        path = os.path.join(locales, "en_US.UTF-8")
        made = subprocess.run(["localedef", "-i", "en_US", "-f", "UTF-8", path], check=False)
        if made.returncode != 0 or not os.path.isdir(path):
            raise Skipped("no source of the locale is installed")
        texts = ("b", "a", "C")
        by_locale, by_bytes = [b"a", b"b", b"C"], [b"C", b"a", b"b"]
        # The C library never frees what it has read LOCPATH into.
        suppressions = os.path.join(locales, "lsan")
        with open(suppressions, "w", encoding="ascii") as file:
            file.write("leak:argz_add_sep\n")
        env = {"LOCPATH": locales, "LC_ALL": "en_US.UTF-8",
               "LSAN_OPTIONS": f"suppressions={suppressions}:print_suppressions=0"}
        with server(env=env) as one, one.client() as client:
            client.do("RPUSH", "k", *texts)
            equal(client.do("SORT", "k", "ALPHA"), by_locale)
            client.do("SORT", "k", "ALPHA", "STORE", "sorted")
            equal(client.do("LRANGE", "sorted", 0, -1), by_bytes, "stored")
            equal(client.do("INCRBYFLOAT", "n", "1.5"), b"1.5")
            if ORACLE:
                return  # the option came with Redis 7.2
            client.do("CONFIG", "SET", "locale-collate", "C")
            equal(client.do("SORT", "k", "ALPHA"), by_bytes)
            client.do("CONFIG", "SET", "locale-collate", "en_US.UTF-8")
            equal(client.do("SORT", "k", "ALPHA"), by_locale)


@check("oom-score-adj counts from the start, and until it is switched off")
def oom_score():
    def score(one):
        return int(read(f"/proc/{one.process.pid}/oom_score_adj"))

    with server() as one:
        initial = score(one)
    values = f"{initial + 10} {initial + 200} {initial + 800}"
    with server("--oom-score-adj", "absolute", "--oom-score-adj-values", *values.split()) as one:
        equal(score(one), initial + 10, "at the start")
        with one.client() as client:
            client.do("CONFIG", "SET", "oom-score-adj", "no")
            equal(score(one), initial, "switched off")
            client.do("CONFIG", "SET", "oom-score-adj", "yes", "oom-score-adj-values", "20 200 800")
            equal(score(one), initial + 20, "relative")


@check("a limit of the size of files is a write that fails, and no end of the server",
       ours_only=True)
def limit_of_files():
    with server("--appendonly", "yes", "--appendfsync", "always") as one, one.client() as client:
        pid = one.process.pid
        client.do("SET", "k", os.urandom(100_000))
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (50_000, before[1]))
        client.call("SET", "more", "v" * 10_000_000)
        with one.client() as other:
            reply = other.call("SET", "more", "v")
            expect(reply.is_error and reply.value.startswith(b"MISCONF "), reply)
            equal(other.do("STRLEN", "k"), 100_000)
            other.do("BGSAVE")
            expect(wait_until(lambda: info(other)["rdb_last_bgsave_status"] == "err"), "saved")
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
            expect(wait_until(lambda: not other.call("SET", "more", "v").is_error),
                   "writes are refused for ever")


@check("SIGTERM saves when there are save points, and the data is back after a restart")
def save_on_sigterm():
    one = server("--save", "3600 1")
    with one:
        with one.client() as client:
            if b"unknown command" in str(client.call("LASTSAVE").value).encode():
                raise Skipped("this server has no snapshots")
            client.do("SET", "k", "v")
            client.do("SET", "far", "v", "PXAT", "4102444800123")
        one.stop()
        one.start()
        with one.client() as client:
            equal(client.do("GET", "k"), b"v")
            equal(client.do("PEXPIRETIME", "far"), 4102444800123)


@check("SIGSEGV leaves a report with stack trace, INFO and the clients, and dies of the signal")
def crash_report():
    one = server()
    one.expect_trouble = True
    with one, one.client() as client:
        client.do("CLIENT", "SETNAME", "witness")
        one.signal(signal.SIGSEGV)
        status = one.wait()
        expect(status == -signal.SIGSEGV, f"exit status {status}")
        log = one.log()
        for wanted in (b"crashed by signal", b"STACK TRACE", b"redis_version", b"witness"):
            expect(
                wanted.lower() in log.lower(),
                f"no {wanted!r} in the report: {log[-3000:].decode(errors='replace')}",
            )


@check("a command that crashes is named in the report")
def crash_command():
    one = server("--enable-debug-command", "yes")
    one.expect_trouble = True
    with one, one.client() as client:
        client.send("DEBUG", "SEGFAULT")
        data, closed = client.read_until_close()
        expect(closed and not data, f"got {data!r}")
        expect(one.wait() < 0, "it ended without a signal")
        expect(b"debug" in one.log().lower(), "the report does not name the command")


@check("memory that is not to be had is named in the report, with the command that wanted it")
def crash_out_of_memory():
    if scaled(0, 1):
        raise Skipped("sanitizers take all addresses for themselves")
    one = server("--logfile", "own.log")
    one.expect_trouble = True
    with one, one.client() as client:
        with open(f"/proc/{one.process.pid}/statm", encoding="ascii") as sizes:
            now = int(sizes.read().split()[0]) * resource.getpagesize()
        limit = now + (64 << 20)
        resource.prlimit(one.process.pid, resource.RLIMIT_AS, (limit, limit))
        client.send("SETRANGE", "key", "400000000", "x")
        data, closed = client.read_until_close()
        expect(closed and not data, f"got {data!r}")
        equal(one.wait(), -signal.SIGABRT, "exit status")
        log = read(os.path.join(one.directory, "own.log")).lower()
        for wanted in (b"memory" if ORACLE else b"std::bad_alloc", b"stack trace", b"setrange"):
            expect(wanted in log, f"no {wanted!r} in the report: {log[-3000:]!r}")


def restarted(one, word):
    """A client of the server after it started anew by this DEBUG command."""
    with one.client() as client:
        before = info(client, "server")
        client.send("DEBUG", word)
        data, closed = client.read_until_close()
        expect(closed and not data, f"the client got {data!r}")
    expect(wait_until(one.answers), "it does not answer")
    client = one.client()
    after = info(client, "server")
    equal(after["process_id"], before["process_id"])
    expect(after["run_id"] != before["run_id"], "not restarted")
    return client


@check("DEBUG RESTART ends it as SHUTDOWN does and starts it anew, with the same options")
def restart():
    one = server("--enable-debug-command", "yes", "--save", "900 1", "--pidfile", "pid")
    with one:
        with one.client() as client:
            client.do("SET", "k", "v")
        with restarted(one, "RESTART") as client:
            equal(client.do("GET", "k"), b"v")
            equal(client.do("CONFIG", "GET", "save"), [b"save", b"900 1"])
        equal(int(read(os.path.join(one.directory, "pid"))), one.process.pid)


@check("DEBUG RESTART of a program that is gone is an error, and the log goes on", ours_only=True)
def restart_without_program():
    one = server("--enable-debug-command", "yes", "--appendonly", "yes", "--appendfsync", "always")
    program = os.path.join(one.directory, "program")
    shutil.copy(one.binary(), program)
    one.binary = lambda: program
    with one:
        with one.client() as client:
            os.unlink(program)
            expect(client.call("DEBUG", "RESTART").is_error, "restarted")
            client.do("SET", "k", "v")
        one.kill()
        del one.binary
        one.start()
        with one.client() as client:
            equal(client.do("GET", "k"), b"v")


@check("DEBUG CRASH-AND-RECOVER leaves nothing but what was safe")
def crash_and_recover():
    with server("--enable-debug-command", "yes", "--save", "900 1") as one:
        with one.client() as client:
            client.do("SET", "k", "v")
        with restarted(one, "CRASH-AND-RECOVER") as client:
            equal(client.do("DBSIZE"), 0)
            client.do("CONFIG", "SET", "save", "")
    with server("--enable-debug-command", "yes", "--appendonly", "yes") as one:
        with one.client() as client:
            client.do("SET", "k", "v")
        with restarted(one, "CRASH-AND-RECOVER") as client:
            equal(client.do("GET", "k"), b"v")


@check("supervised systemd: READY=1 is sent to the socket of NOTIFY_SOCKET")
def systemd():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        one = server("--supervised", "systemd")
        path = os.path.join(one.directory, "notify.sock")
        notify.bind(path)
        notify.settimeout(10)
        one.env["NOTIFY_SOCKET"] = path
        with one:
            messages = b""
            while b"READY=1" not in messages:
                messages += notify.recv(4096) + b"\n"


@check("supervised upstart: it stops when it is ready, and goes on when it is told", ours_only=True)
def upstart():
    for mode in ("upstart", "auto"):
        one = server("--supervised", mode)
        one.env["UPSTART_JOB"] = "tarn"
        try:
            one.launch()
            expect(wait_until(lambda one=one: state(one.process.pid) == [b"T"]), f"{mode}: not stopped")
            one.signal(signal.SIGCONT)
            with one.client() as client:
                equal(info(client, "server")["process_supervised"], "upstart")
            one.stop()
        finally:
            one.kill()
            one.remove()


@check("supervised upstart without a job warns, and serves", ours_only=True)
def no_upstart():
    with server("--supervised", "upstart") as one, one.client() as client:
        expect(b"UPSTART_JOB is not set" in one.log(), "no warning")
        equal(info(client, "server")["process_supervised"], "no")


if __name__ == "__main__":
    main()
