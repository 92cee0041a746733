#!/usr/bin/env python3
"""tarn-memcached: the server, started with memcached's options. `--oracle` starts memcached."""

import itertools
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import ORACLE, check, equal, expect, main  # noqa: E402
from support.memcached import HOST, memcached_server  # noqa: E402
from support.resp import Client  # noqa: E402
from support.server import free_port, scaled, wait_until  # noqa: E402


def start(*args):
    return memcached_server("memcached" if ORACLE else "tarn-memcached", args)


def run(*args):
    """The finished process of a start that ends at once."""
    line = start().command_line() + list(args)
    return subprocess.run(line, capture_output=True, text=True, timeout=20, check=False)


def user():
    return ["-u", "root"] if os.geteuid() == 0 else []


@check("it serves the text protocol, and nothing but it")
def serves():
    with start("-v") as server, server.memcached() as client:
        equal(client.set(b"k", b"v", flags=7), b"STORED\r\n")
        equal(client.gets(b"k")[:2], (b"v", 7))
        equal(client.ask(b"mg k v t\r\n", 2), b"VA 1 t-1\r\nv\r\n")
        equal(client.stats(b"settings")[b"evictions"], b"on")
        stats = client.stats()
        equal(stats[b"limit_maxbytes"], b"%d" % (1024 << 20))
        equal(int(stats[b"pid"]), server.process.pid)
        expect(sorted(os.listdir(server.directory)) == ["server.log"], "files were made")


@check("several servers may share a directory, as none writes to it")
def shares_directory():
    other = start()
    try:
        with start() as one, one.memcached() as client:
            equal(client.set(b"k", b"v"), b"STORED\r\n")
            other.process = subprocess.Popen(other.command_line(), cwd=one.directory)
            reached = wait_until(lambda: socket.socket().connect_ex((HOST, other.port)) == 0)
            expect(reached, "the other does not serve")
            with other.memcached() as stranger:
                equal(stranger.get(b"k"), None)
    finally:
        other.kill()
        other.remove()


@check("-m: the oldest items make room, and with -M an error says that there is none")
def memory():
    value = b"v" * 100_000
    count = scaled(1000, 600)
    with start("-m", "32") as server, server.memcached() as client:
        for i in range(count):
            equal(client.set(b"%d" % i, value), b"STORED\r\n")
        expect(int(client.stats()[b"evictions"]) > 0, "evictions")
        equal(client.get(b"%d" % (count - 1)), value)
    with start("-m", "32", "-M") as server, server.memcached() as client:
        answers = {client.set(b"%d" % i, value)[:13] for i in range(count)}
        equal(answers, {b"STORED\r\n", b"SERVER_ERROR "})
        equal(client.get(b"0"), value)


VALUE = b"v" * 1000


def binary_store(opcode, key, value):
    extras = bytes(8) if opcode in SETS else b""
    return struct.pack(
        ">BBHBBHLLQ", 0x80, opcode, len(key), len(extras), 0, 0,
        len(extras) + len(key) + len(value), 0, 0,
    ) + extras + key + value  # fmt: skip


SETS = (0x01, 0x02, 0x03, 0x11)  # set, add, replace, setq


@check("-M: what could not be replaced is gone, where memcached's is")
def without_room():
    def text(line):
        return line.replace(b"#", b"1000") + b"\r\n" + VALUE + b"\r\n"

    requests = [
        # the request, the beginning of its answer, whether the old item is still there
        (text(b"set k 0 0 #"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"add k 0 0 #"), b"SERVER_ERROR out of memory storing object", True),
        (text(b"replace k 0 0 #"), b"SERVER_ERROR out of memory storing object", True),
        (text(b"append k 0 0 #"), b"SERVER_ERROR out of memory storing object", True),
        (text(b"prepend k 0 0 #"), b"SERVER_ERROR out of memory storing object", True),
        (text(b"cas k 0 0 # 1"), b"SERVER_ERROR out of memory storing object", True),
        (text(b"ms k #"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"ms k # q O5 k"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"ms k # ME"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"ms k # MR"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"ms k # MA"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"ms aw== # b"), b"SERVER_ERROR out of memory storing object", False),
        (text(b"ms k # MX"), b"CLIENT_ERROR invalid mode for ms M token", True),
        (binary_store(0x01, b"k", VALUE), b"\x81\x01\0\0\0\0\0\x82", False),
        (binary_store(0x11, b"k", VALUE), b"\x81\x11\0\0\0\0\0\x82", False),
        (binary_store(0x02, b"k", VALUE), b"\x81\x02\0\0\0\0\0\x82", True),
        (binary_store(0x03, b"k", VALUE), b"\x81\x03\0\0\0\0\0\x82", True),
    ]
    with start("-m", "32", "-M") as server, server.memcached() as client:
        numbers = itertools.count()

        def fill():
            while client.set(b"%d" % (last := next(numbers)), VALUE) == b"STORED\r\n":
                pass
            return last

        oldest = 0
        for request, answer, kept in requests:
            last = fill()
            while client.set(b"k", VALUE) != b"STORED\r\n":
                expect(oldest < last, "what is deleted leaves no room")
                client.ask(b"delete %d\r\n" % oldest)
                oldest += 1
            fill()
            with server.memcached() as other:
                other.send(request)
                equal(other.take(len(answer)), answer, request[:20])
            equal(client.get(b"k"), VALUE if kept else None, request[:20])
            client.ask(b"delete k\r\n")


@check("-I: larger items are refused")
def item_size():
    with start("-I", "2m") as server, server.memcached() as client:
        equal(client.set(b"k", b"v" * 1_900_000), b"STORED\r\n")
        expect(client.set(b"k", b"v" * 2_200_000).startswith(b"SERVER_ERROR"), "too large")


@check("-s: a unix socket with its mask, and no port")
def unix_socket():
    server = start()
    path = os.path.join(server.directory, "socket")
    line = [server.binary(), "-s", path, "-a", "0600", *user()]
    try:
        server.process = subprocess.Popen(line, cwd=server.directory)
        expect(wait_until(lambda: os.path.exists(path)), "no socket")
        with socket.socket(socket.AF_UNIX) as client:
            expect(wait_until(lambda: client.connect_ex(path) == 0), "no connection")
            client.sendall(b"version\r\n")
            expect(client.recv(100).startswith(b"VERSION "), "version")
        equal(os.stat(path).st_mode & 0o777, 0o600)
        equal(server.stop(), 0)
    finally:
        server.kill()
        server.remove()


@check("-d and -P: a daemon, whose id is in the file as long as it lives")
def daemon():
    server = start()
    pid_file = os.path.join(server.directory, "pid")
    line = server.command_line() + ["-d", "-P", pid_file]
    try:
        equal(subprocess.run(line, cwd=server.directory, timeout=20, check=False).returncode, 0)

        def pid():
            try:
                with open(pid_file, encoding="ascii") as file:
                    return int(file.read() or "0")
            except FileNotFoundError:
                return 0

        expect(wait_until(lambda: pid() != 0), "no pid file")
        number = pid()
        with server.memcached() as client:
            equal(int(client.stats()[b"pid"]), number)
        os.kill(number, 15)
        expect(wait_until(lambda: not os.path.exists(pid_file)), "the pid file stays")
    finally:
        server.remove()


@check("-vv: connections and requests are logged, without their data; so after `verbosity 2`")
def verbose():
    with start("-vv") as server, server.memcached() as client:
        client.set(b"k", b"a-secret")
        client.ask(b"get \x01\r\n")
        with server.memcached() as other:
            other.send(struct.pack(">BBHBBHIIQ", 0x80, 0x00, 6, 0, 0, 0, 6, 0, 0) + b"binary")
            other.take(24)
        for line in (b" new client connection", b" set k 0 0 8", b" get \\x01", b" binary get binary",
                     b" connection closed."):
            expect(wait_until(lambda line=line: line in server.log()), f"no {line}")
        expect(b"a-secret" not in server.log(), "data in the log")
        equal(client.ask(b"verbosity 1\r\n"), b"OK\r\n")
        equal(client.stats(b"settings")[b"verbosity"], b"1")
        client.ask(b"get quiet\r\n")
        equal(client.ask(b"verbosity 2\r\n"), b"OK\r\n")
        client.ask(b"get loud\r\n")
        expect(wait_until(lambda: b" get loud" in server.log()), "nothing logged")
        expect(b" get quiet" not in server.log(), "logged")


@check("-u: root becomes somebody else, and has to say who")
def become_user():
    if os.geteuid() != 0:
        return
    with start("-u", "nobody") as server, server.memcached() as client:
        equal(client.set(b"k", b"v"), b"STORED\r\n")
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
            ids = {line.split(":")[0]: line.split()[1:] for line in file}
        equal(ids["Uid"], ["65534"] * 4)
        equal(len(set(ids["Gid"])), 1)
        expect(ids["Gid"][0] != "0", "still in root's group")
    missing = subprocess.run(
        [server.binary(), "-p", "0"], capture_output=True, text=True, timeout=20, check=False
    )
    expect(missing.returncode != 0 and "-u" in missing.stderr, missing.stderr)
    expect(run("-u", "no-such-user").returncode != 0, "unknown user")


@check("-h and -V answer, wrong options end the start with a line that says why")
def answers():
    for option in ("-h", "-V"):
        process = run(option)
        equal((process.returncode, process.stderr), (0, ""), option)
        expect("memcached" in process.stdout, option)
    for options in (("-q",), ("-o", "nonsense"), ("-I", "3g"), ("-c", "0"), ("-m",)):
        process = run(*options)
        expect(process.returncode != 0, f"{options} were taken")


@check("what cannot be says so", ours_only=True)
def refuses():
    for options, part in (
        (("-U", "11211"), "no UDP"),
        (("-S",), "default:PASSWORD"),
        (("-Z",), "no TLS"),
    ):
        process = run(*options)
        equal(process.returncode, 1, str(options))
        expect(part in process.stderr, process.stderr)
    with start("-t", "8") as server:
        expect(b"-t: one thread runs all commands" in server.log(), "not said")


@check("-S with -Y: clients have to know the password", ours_only=True)
def password():
    server = start("-S")
    server.args += ["-Y", server.write_file("users", "default:a-secret\n")]
    with server, server.memcached() as client:
        equal(client.ask(b"get k\r\n"), b"CLIENT_ERROR unauthenticated\r\n")
        equal(client.ask(b"set k 0 0 16\r\ndefault a-secret\r\n"), b"STORED\r\n")
        equal(client.ask(b"get k\r\n"), b"END\r\n")
        with open(f"/proc/{server.process.pid}/cmdline", "rb") as file:
            expect(b"a-secret" not in file.read(), "ps shows the password")


@check("behind --: RESP on the same items, which a restart keeps", ours_only=True)
def with_more():
    port = free_port()
    with start("--", "--appendonly", "yes", "--port", str(port)) as server:
        with server.memcached() as client, Client(port) as resp:
            equal(client.set(b"k", b"v", flags=3), b"STORED\r\n")
            equal(resp.call("GET", "k").value, b"v")
        server.stop()
        server.start()
        with server.memcached() as client:
            equal(client.gets(b"k")[:2], (b"v", 3))


@check("all interfaces are served, without a password, as memcached does")
def open_to_all():
    address = socket.gethostbyname(socket.gethostname())
    server = start()
    line = [server.binary(), "-p", str(server.port), *user()]
    try:
        server.process = subprocess.Popen(line, cwd=server.directory)
        for host in {HOST, address}:
            with socket.socket() as client:
                place = (host, server.port)
                expect(wait_until(lambda c=client, p=place: c.connect_ex(p) == 0), f"no {host}")
                client.sendall(b"version\r\n")
                expect(client.recv(100).startswith(b"VERSION "), f"version at {host}")
        equal(server.stop(), 0)
    finally:
        server.kill()
        server.remove()


if __name__ == "__main__":
    main()
