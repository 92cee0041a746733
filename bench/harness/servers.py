"""Starts, watches and ends the servers that are compared.

Every server runs in a directory of its own, pinned to one core, and dies with this process.
"""

import copy
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .resp import Client, ReplyError

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 20
PR_SET_PDEATHSIG = 1


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


def pin_and_bind_to_parent(core):
    """Returns what a child runs before exec: take `core` only, and die with the parent."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        if core is not None:
            os.sched_setaffinity(0, {core})

    return prepare


def find_program(variable, *names):
    """The program named by an environment variable, or the first of `names` that exists."""
    named = os.environ.get(variable)
    candidates = [named] if named else list(names)
    for name in candidates:
        path = shutil.which(str(name))
        if path:
            return path
    return None


class Server:
    """A running server. Subclasses say how it is started and which protocol it speaks."""

    label = ""
    protocol = "resp"

    def __init__(self, program, port, core, directory=None):
        self.program = program
        self.port = port
        self.core = core
        self._own_directory = directory is None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="tarn-bench-"))
        self._process = None

    def command_line(self, options):
        raise NotImplementedError

    def start(self, **options):
        """Starts the server with `options` (name → value, underscores for dashes)."""
        log = open(self.directory / "log", "ab")
        with log:
            self._process = subprocess.Popen(
                self.command_line(options), cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=pin_and_bind_to_parent(self.core))
        self._await_readiness()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def stop(self):
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def client(self):
        return Client(self.port)

    def knows(self, command):
        """Whether the server, while it runs, has this command."""
        with self.client() as client:
            return client.call("COMMAND", "INFO", command)[0] is not None

    def speaking_memcached(self, port):
        """This server as it is seen on its memcached port; not to be started or stopped."""
        view = copy.copy(self)
        view.port, view.protocol = port, "memcached"
        return view

    def answers(self):
        """Whether the server takes requests by now."""
        try:
            with Client(self.port, timeout_s=5) as client:
                return client.call("PING") == "PONG"
        except (OSError, ReplyError):
            return False

    def _await_readiness(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise BenchError(f"{self.label} ended at its start: {self.log_tail()}")
            if self.answers():
                return
            time.sleep(0.02)
        raise BenchError(f"{self.label} does not answer: {self.log_tail()}")

    def log_tail(self):
        text = (self.directory / "log").read_text(errors="replace")
        return " | ".join(text.strip().splitlines()[-4:])

    def require_running(self):
        if self._process is None or self._process.poll() is not None:
            raise BenchError(f"{self.label} died: {self.log_tail()}")

    def scheduling(self):
        """Seconds that all threads ran so far (user and system time), and that they were ready to
        run and others had the processor. /proc has them in nanoseconds, not in clock ticks."""
        ran_ns = waited_ns = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            ran, waited = (task / "schedstat").read_text().split()[:2]
            ran_ns += int(ran)
            waited_ns += int(waited)
        return ran_ns / 1e9, waited_ns / 1e9

    def rss_bytes(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"no VmRSS of {self.label}")


class RedisLike(Server):
    def command_line(self, options):
        settings = {"port": self.port, "bind": "127.0.0.1", "dir": self.directory, "save": "",
                    "appendonly": "no"}
        settings.update({name.replace("_", "-"): value for name, value in options.items()})
        out = [self.program]
        for name, value in settings.items():
            out += [f"--{name}", str(value)]
        return out


class Redis(RedisLike):
    label = "redis-server"


class Tarn(RedisLike):
    label = "tarn-server"


class Memcached(Server):
    label = "memcached"
    protocol = "memcached"

    def command_line(self, options):
        settings = {"-p": self.port, "-U": 0, "-l": "127.0.0.1", "-t": 1, "-m": 4096, "-c": 1024}
        settings.update({f"-{name}": value for name, value in options.items()})
        out = [self.program] + (["-u", "root"] if os.geteuid() == 0 else [])
        for name, value in settings.items():
            out += [name, str(value)]
        return out

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"version\r\n")
                return connection.recv(64).startswith(b"VERSION")
        except OSError:
            return False


def find_servers(names):
    """Label → (class, program) of the servers among `names` that this machine has."""
    places = {
        "redis": (Redis, find_program("REDIS_SERVER", "redis-server") or _debian_redis()),
        "memcached": (Memcached, find_program("MEMCACHED", "memcached",
                                              ROOT / "build/tools/memcached")),
        "tarn": (Tarn, find_program("TARN_SERVER", ROOT / "build/tarn-server")),
    }
    return {name: places[name] for name in names if places[name][1]}


def _debian_redis():
    """Debian's redis-tools has the whole server: the program decides by its name what it is."""
    program = shutil.which("redis-check-rdb")
    if not program:
        return None
    directory = Path(tempfile.gettempdir()) / f"tarn-bench-redis-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    link = directory / "redis-server"
    if not link.exists():
        link.symlink_to(program)
    return str(link)


def free_port(first, count):
    for port in range(first, first + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise BenchError(f"no free port in {first}..{first + count - 1}")
