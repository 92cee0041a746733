"""Runs the load generators: tarn-load (bench/load) and redis-benchmark."""

import contextlib
import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

from .servers import ROOT, BenchError, find_program, pin_and_bind_to_parent

SLACK_S = 120
BACKGROUND_S = 600


def build_tarn_load(directory):
    """The path of an up-to-date tarn-load: built where the server was, or else compiled into
    `directory`. The environment variable TARN_LOAD names a ready one."""
    named = find_program("TARN_LOAD")
    if named:
        return named
    if (ROOT / "build/CMakeCache.txt").exists() and shutil.which("cmake"):
        command = ["cmake", "--build", str(ROOT / "build"), "--target", "tarn-load"]
        program = ROOT / "build/tarn-load"
    else:
        program = Path(directory) / "tarn-load"
        sources = sorted(str(path) for path in (ROOT / "bench/load").glob("*.cc"))
        command = ["c++", "-std=c++20", "-O2", "-I", str(ROOT), "-o", str(program), *sources]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"tarn-load cannot be built: {error}") from error
    return str(program)


class Load:
    """Load generators pinned to one core."""

    def __init__(self, tarn_load, core):
        self._tarn_load = tarn_load
        self._redis_benchmark = shutil.which("redis-benchmark")
        self._core = core

    def _run(self, command, seconds):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=seconds + SLACK_S,
                              preexec_fn=pin_and_bind_to_parent(self._core))
        if done.returncode != 0:
            raise BenchError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
        return done

    def _command_line(self, server, command, options):
        out = [self._tarn_load, "--port", str(server.port), "--protocol", server.protocol]
        for name, value in options.items():
            out += ["--" + name.replace("_", "-"), str(value)]
        return out + (["--", *command] if command else [])

    def flood(self, server, command, **options):
        """Runs tarn-load against `server` and returns its figures as a dictionary.

        A server's error reply is an error of the benchmark: a fast refusal is no result.
        """
        done = self._run(self._command_line(server, command, options), options.get("seconds", 60))
        figures = json.loads(done.stdout.splitlines()[-1])
        if figures.get("errors"):
            raise BenchError(f"{server.label}: {done.stderr.strip()}")
        return figures

    @contextlib.contextmanager
    def background_flood(self, server, command, **options):
        """Runs tarn-load while a `with` block measures something else."""
        line = self._command_line(server, command, {"seconds": BACKGROUND_S, **options})
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=pin_and_bind_to_parent(self._core))
        try:
            yield
            if process.poll() is not None:
                raise BenchError(f"the load ended: {process.stderr.read().strip()}")
        finally:
            process.kill()
            process.communicate()

    def metered_flood(self, server, command, **options):
        """As flood(), with the server's CPU time a request and its share of the core."""
        return self._meter(server, lambda: self.flood(server, command, **options))

    def redis_benchmark(self, server, command, requests, keyspace):
        """P1 with 50 clients by the tool that everybody knows."""
        if not self._redis_benchmark:
            raise BenchError("redis-benchmark is not installed")
        words = [word.replace("__rand__", "__rand_int__") for word in command]
        line = [self._redis_benchmark, "-p", str(server.port), "-c", "50", "-n", str(requests),
                "-r", str(keyspace), "--csv", *words]

        def run():
            done = self._run(line, 300)
            rows = list(csv.reader(io.StringIO(done.stdout)))
            if not rows or len(rows[-1]) < 2:
                raise BenchError(f"redis-benchmark: {done.stdout} {done.stderr}")
            rps = float(rows[-1][1])
            return {"rps": rps, "requests": requests, "seconds": requests / rps}

        return self._meter(server, run)

    @staticmethod
    def _meter(server, run):
        ran_before, waited_before = server.scheduling()
        figures = run()
        server.require_running()
        ran, waited = server.scheduling()
        figures["cpu_us"] = (ran - ran_before) * 1e6 / figures["requests"]
        figures["server_busy"] = (ran - ran_before) / figures["seconds"]
        figures["server_waited"] = (waited - waited_before) / figures["seconds"]
        return figures

    def fill(self, server, count, first=0, value_bytes=16, pipeline=64, clients=2):
        """Stores `count` keys of 16 bytes, numbered from `first`, in order."""
        value = f"__value:{value_bytes}__"
        if server.protocol == "memcached":
            command = [f"set key:__seq__ 0 0 {value_bytes}\\r\\n{value}\\r\\n"]
        else:
            command = ["SET", "key:__seq__", value]
        return self.flood(server, command, requests=count, first=first, clients=clients,
                          pipeline=pipeline)

    def probe(self, server, hz=2000, limit_s=120):
        return Probe(self._command_line(server, [], {"probe_hz": hz, "seconds": limit_s}),
                     self._core)


class Probe:
    """PINGs in the background while a `with` block does something to the server.

    `figures` holds the latencies after the block.
    """

    def __init__(self, command_line, core):
        self._command_line = command_line
        self._core = core
        self.figures = None

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command_line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=pin_and_bind_to_parent(self._core))
        if self._process.stdout.readline().strip() != "ready":
            raise BenchError(f"the prober failed: {self._process.stderr.read().strip()}")
        return self

    def __exit__(self, kind, *_):
        self._process.terminate()
        out, err = self._process.communicate(timeout=SLACK_S)
        if kind is None:
            if self._process.returncode != 0:
                raise BenchError(f"the prober failed: {err.strip()}")
            self.figures = json.loads(out.splitlines()[-1])
