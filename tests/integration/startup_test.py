#!/usr/bin/env python3
"""Starting up: configuration from everywhere, what goes wrong and how it is told, addresses."""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.checks import KIND, Skipped, check, equal, expect, main, server  # noqa: E402
from support.resp import Client, ReplyError  # noqa: E402
from support.server import Server, free_port, wait_until  # noqa: E402


def run_to_end(*args, stdin=None, config=None):
    """Runs a server that is expected to end by itself; its status and everything it said."""
    probe = Server(KIND, config=config)
    try:
        line = (
            [probe.binary()]
            + ([probe.config_path] if config is not None else [])
            + [str(arg) for arg in args]
        )
        done = subprocess.run(
            line,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            cwd=probe.directory,
        )
        return done.returncode, done.stdout + done.stderr
    finally:
        probe.remove()


def refuses(mention, *args, **how):
    status, output = run_to_end(*args, **how)
    equal(status, 1, f"exit status of {args} (it said {output!r})")
    expect(mention.lower() in output.lower(), f"{args}: nothing about {mention!r} in {output!r}")
    expect("Traceback" not in output and "terminate called" not in output, output)


@check("a port in use is refused with status 1 and named")
def port_in_use():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refuses(str(port), "--bind", "127.0.0.1", "--port", port, "--save", "")


@check("an address that is not ours is refused with status 1")
def bad_bind():
    refuses("192.0.2.77", "--bind", "192.0.2.77", "--port", free_port(), "--save", "")


@check("an address after a minus may be missing")
def optional_bind():
    with server("--bind", "127.0.0.1 -192.0.2.77") as one, one.client() as client:
        equal(client.do("PING"), b"PONG")


@check("a configuration file that cannot be read is refused with status 1")
def unreadable_config():
    refuses("no-such-file.conf", "/nonexistent/no-such-file.conf")


@check("wrong options are refused with status 1, and the option is named")
def bad_options():
    refuses("no-such-option", "--no-such-option", "1")
    refuses("port", "--port", "abc")
    refuses("port", "--port", "70000")
    refuses("maxmemory-policy", "--maxmemory-policy", "sometimes", "--port", free_port())
    refuses("appendonly", "--appendonly", "maybe")
    refuses("save", "--save", "1 2 3")


@check("a wrong line in a configuration file is named with its number")
def bad_config_line():
    status, output = run_to_end(config="# fine\nmaxmemory 1gb\n\ntimeout never\n")
    equal(status, 1, "exit status")
    expect("timeout never" in output and "4" in output, output)
    status, output = run_to_end(config='requirepass "unbalanced\n')
    equal(status, 1, "exit status")
    for line in ("rename-command NOSUCH x", "rename-command GET SET"):
        status, output = run_to_end(config=f"port {free_port()}\n\n{line}\n")
        equal(status, 1, "exit status")
        expect("line 3" in output and line in output, output)


@check("a directory that does not exist is refused with status 1")
def bad_directory():
    refuses("nowhere", "--dir", "/nonexistent/nowhere", "--port", free_port())


@check("a log file in a directory that does not exist is refused with status 1")
def bad_log_directory():
    one = Server(KIND)
    try:
        nowhere = os.path.join(one.directory, "nowhere")
        for path in (os.path.join(nowhere, "tarn.log"), one.directory):
            refuses("can't open the log file", "--logfile", path, "--port", free_port())
        expect(not os.path.exists(nowhere), "the directory was made")
    finally:
        one.remove()


@check("--version and --help print and end with status 0")
def version_and_help():
    for option, word in (("--version", "v="), ("-v", "v="), ("--help", "Usage"), ("-h", "Usage")):
        status, output = run_to_end(option)
        equal(status, 1 if KIND == "redis" and word == "Usage" else 0, f"status of {option}")
        expect(word.lower() in output.lower(), f"{option}: {output!r}")


@check("options of the command line win over the file, in every spelling")
def command_line():
    with server(
        "--maxmemory", "2gb", "--timeout", "77", "--save", "", config="maxmemory 1gb\nhz 50\n"
    ) as one:
        with one.client() as client:
            equal(client.do("CONFIG", "GET", "maxmemory"), [b"maxmemory", b"2147483648"])
            equal(client.do("CONFIG", "GET", "hz"), [b"hz", b"50"])
            equal(client.do("CONFIG", "GET", "timeout"), [b"timeout", b"77"])
    with server(
        "--save", "3600", "1", "300", "100", "--client-output-buffer-limit", "pubsub 1mb 1mb 10"
    ) as one:
        with one.client() as client:
            equal(client.do("CONFIG", "GET", "save"), [b"save", b"3600 1 300 100"])
            expect(
                b"pubsub 1048576 1048576 10"
                in client.do("CONFIG", "GET", "client-output-buffer-limit")[1],
                "the limit was not taken over",
            )


@check("amounts of memory beyond 2^63 come from the command line and the file")
def huge_amounts():
    with server(
        "--maxmemory",
        "18446744073709551615",
        config="cluster-link-sendbuf-limit 9223372036854775808\n",
    ) as one, one.client() as client:
        equal(client.do("CONFIG", "GET", "maxmemory")[1], b"18446744073709551615")
        equal(client.do("CONFIG", "GET", "cluster-link-sendbuf-limit")[1], b"9223372036854775808")
        equal(client.do("SET", "key", "value"), b"OK")
    refuses("argument must be a memory value", "--maxmemory", "-1")
    refuses(
        "argument must be between 0 and 9223372036854775807 inclusive",
        "--auto-aof-rewrite-min-size",
        "9223372036854775808",
    )


@check("a configuration comes from standard input")
def config_from_stdin():
    with server(
        "--save", "", "-", stdin="maxmemory 123mb\nsave 60 1\n"
    ) as one, one.client() as client:
        equal(client.do("CONFIG", "GET", "maxmemory"), [b"maxmemory", b"128974848"])


@check("include takes files, globs, and files that include")
def includes():
    one = server("--save", "", config="")
    one.write_file("a1.conf", "maxmemory 11mb\n")
    one.write_file(
        "a2.conf", "timeout 12\ninclude " + os.path.join(one.directory, "deeper.conf") + "\n"
    )
    one.write_file("deeper.conf", "hz 13\n")
    one.write_file(
        "server.conf",
        f"maxmemory 1gb\ninclude {one.directory}/a*.conf\ninclude {one.directory}/none*.conf\n",
    )
    with one, one.client() as client:
        equal(client.do("CONFIG", "GET", "maxmemory")[1], b"11534336")
        equal(client.do("CONFIG", "GET", "timeout")[1], b"12")
        equal(client.do("CONFIG", "GET", "hz")[1], b"13")


@check("the log of a start names the process id, and ends with the line that says ready")
def start_log():
    with server() as one:
        lines = [line for line in one.log().decode().splitlines() if line.strip()]
        expect(
            any(f"PID: {one.process.pid}" in line for line in lines)
            or f"{one.process.pid}:" in lines[0],
            f"no process id in {lines}",
        )
        expect(
            wait_until(
                lambda: "Ready to accept connections" in one.log().decode().splitlines()[-1]
            ),
            lambda: f"the last line is {one.log().decode().splitlines()[-1]!r}",
        )


@check("our start log shows ` PID: <pid>` as redis-cli tools expect", ours_only=True)
def start_log_pid():
    with server() as one:
        expect(f" PID: {one.process.pid}".encode() in one.log(), one.log_tail())


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@check("IPv6 addresses, and -::1 where there may be none")
def ipv6():
    if has_ipv6():
        with server("--bind", "127.0.0.1 ::1") as one:
            with Client(("::1", one.port)) as client:
                equal(client.do("PING"), b"PONG")
                expect(
                    b"[::1]:" in client.do("CLIENT", "INFO"),
                    "CLIENT INFO shows the address in brackets",
                )
    with server("--bind", "127.0.0.1 -::1") as one, one.client() as client:
        equal(client.do("PING"), b"PONG")
    if not has_ipv6():
        raise Skipped("no IPv6 here; only -::1 was tried")


def foreign_address():
    """An address of this machine that is not the loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


@check("protected mode: without a password, peers from elsewhere are told off and closed")
def protected_mode():
    address = foreign_address()
    if not address:
        raise Skipped("this machine has only the loopback")
    with server("--bind", "0.0.0.0", "--protected-mode", "yes") as one:
        with Client((address, one.port)) as stranger:
            data, closed = stranger.read_until_close()
            expect(data.startswith(b"-DENIED ") and closed, f"got {data!r}, closed: {closed}")
        with one.client() as client:
            client.do("CONFIG", "SET", "protected-mode", "no")
        with Client((address, one.port)) as stranger:
            equal(stranger.do("PING"), b"PONG")
            stranger.do("CONFIG", "SET", "protected-mode", "yes", "requirepass", "secret")
        with Client((address, one.port)) as stranger:
            try:
                stranger.do("PING")
                raise AssertionError("PING without a password was answered")
            except ReplyError as error:
                expect(str(error).startswith("NOAUTH"), str(error))


@check("port 0 with nothing else to listen on is not a server")
def no_port():
    status, output = run_to_end("--port", "0", "--save", "")
    equal(status, 1, f"exit status (it said {output!r})")


if __name__ == "__main__":
    main()
