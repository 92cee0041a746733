"""Starts a real server for a test, and proves at its end that it went down well.

    with Server("tarn", ["--appendonly", "no"]) as server:
        client = server.client()

Environment:
    TARN_SERVER         the binary under test (default: build/tarn-server of this tree)
    REDIS_SERVER        the oracle (default: that of the PATH, or Debian's multi-call binary)
    TARN_TEST_PORTS     "7370-7399": take ports from this range; default: any free port
    TARN_TEST_SCALE     "small" shrinks the big tests
    TARN_TEST_KEEP      keep the temporary directories
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from support.resp import Client, ConnectionClosed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SMALL = os.environ.get("TARN_TEST_SCALE") == "small"

# What no log may contain after a test, unless the test crashed the server on purpose.
_TROUBLE = re.compile(
    rb"AddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer|: runtime error: "
    rb"|[Aa]ssertion (?:.* )?failed|ASSERTION FAILED|BUG REPORT|terminate called|[Ss]tack trace"
)


class ServerFailure(AssertionError):
    """The server did not start, died, or left a crash or sanitizer report in its log."""


def scaled(full, small):
    """`full`, or `small` under TARN_TEST_SCALE=small."""
    return small if SMALL else full


def free_port():
    ports = os.environ.get("TARN_TEST_PORTS")
    if not ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]
    first, last = map(int, ports.split("-"))
    for port in range(first, last + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailure(f"no free port in {ports}")


def tarn_binary():
    return os.environ.get("TARN_SERVER") or os.path.join(ROOT, "build", "tarn-server")


def redis_binary(directory):
    """The oracle's path. Debian installs one binary that is the server when its name says so."""
    named = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if named:
        return named
    multi_call = shutil.which("redis-check-rdb")
    if not multi_call:
        raise ServerFailure("no redis-server here: set REDIS_SERVER")
    link = os.path.join(directory, "redis-server")
    if not os.path.lexists(link):
        os.symlink(multi_call, link)
    return link


class Server:
    """A server process with its own directory. Restart it by stop() and start()."""

    def __init__(self, kind="tarn", args=(), port=None, config=None, stdin=None, env=None):
        """`config` is the text of a configuration file. No snapshots unless asked for."""
        self.kind = kind
        self.args = list(args)
        self.stdin = stdin
        # SORT goes by the locale; the tests go by the bytes.
        self.env = {**os.environ, "LC_ALL": "C", **(env or {})}
        self.directory = tempfile.mkdtemp(prefix=f"{kind}-test-")
        self.log_path = os.path.join(self.directory, "server.log")
        self.config_path = None
        if config is not None:
            self.config_path = self.write_file("server.conf", config)
        self.port = port or free_port()
        self.process = None
        self.expect_trouble = False  # set by tests that crash the server on purpose

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if self.process:
                self.stop(check=kind is None)
        finally:
            self.remove()

    def remove(self):
        if not os.environ.get("TARN_TEST_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def write_file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def binary(self):
        return redis_binary(self.directory) if self.kind == "redis" else tarn_binary()

    def command_line(self):
        line = [self.binary()]
        if self.config_path:
            line.append(self.config_path)
        if "--port" not in self.args:
            line += ["--port", str(self.port)]
        if "--save" not in self.args and not self.config_path:
            line += ["--save", ""]
        if "--dir" not in self.args:
            line += ["--dir", self.directory]
        return line + self.args

    def launch(self):
        """Starts the process and does not wait for it."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command_line(),
                stdin=subprocess.PIPE if self.stdin is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=self.env,
            )
        if self.stdin is not None:
            self.process.stdin.write(self.stdin.encode())
            self.process.stdin.close()
        return self

    def start(self, timeout=20.0):
        """Starts the process and waits until it answers.

        A port that was free when it was chosen may be a connection's of another test by now.
        """
        for _ in range(20):
            self.launch()
            if self._wait_until_ready(timeout):
                return self
            if b"Address already in use" not in b"".join(self.log().splitlines()[-1:]):
                break
            time.sleep(0.2)
        status = self.process.poll()
        self.kill()
        raise ServerFailure(f"{self.kind} did not start (status {status}); log:\n{self.log_tail()}")

    def _wait_until_ready(self, timeout):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self.answers():
                return True
            time.sleep(0.02)
        return False

    def answers(self):
        """Whether it serves commands: not while it starts or loads."""
        try:
            with Client(self.port, timeout=2.0) as client:
                reply = client.call("PING")
            return not reply.is_error or not reply.value.startswith(b"LOADING")
        except (OSError, ConnectionClosed):
            return False

    def client(self, resp=2, timeout=20.0):
        return Client(self.port, resp=resp, timeout=timeout)

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        try:
            with open(self.log_path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def log_tail(self, lines=25):
        return b"\n".join(self.log().splitlines()[-lines:]).decode("utf-8", "replace")

    def signal(self, number):
        os.kill(self.process.pid, number)

    def wait(self, timeout=20.0):
        """The exit status: negative for a signal, as subprocess has it."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as slow:
            raise ServerFailure(f"{self.kind} did not exit within {timeout} s") from slow

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self, check=True, timeout=20.0):
        """Ends it by SIGTERM. With `check`, status 0 and a clean log are asserted."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.wait(timeout)
        finally:
            self.kill()
        self.process = None
        if check and not self.expect_trouble:
            self.check_log()
            if status != 0:
                raise ServerFailure(f"{self.kind} exited with {status}; log:\n{self.log_tail()}")
        return status

    def check_log(self):
        found = _TROUBLE.search(self.log())
        if found:
            start = max(0, found.start() - 300)
            excerpt = self.log()[start : found.end() + 3000].decode("utf-8", "replace")
            raise ServerFailure(f"{self.kind} reported trouble:\n{excerpt}")


def wait_until(condition, timeout=10.0, interval=0.02):
    """Polls `condition` until it is true; returns its last value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(interval)
