#!/usr/bin/python3
"""Measures tarn-server side by side with redis-server and memcached. See bench/README.md."""

import argparse
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness.disk import interrupt_processor
from harness.load import Load, build_tarn_load
from harness.plot import write_svg
from harness.resp import ReplyError
from harness.results import Data, checks_table
from harness.servers import BenchError, find_servers, free_port

SECTIONS = ["throughput", "memcached", "memory", "collections", "algebra", "ranks", "deletes",
            "tail", "stall", "expiry", "burst", "snapshot", "fork", "fsync", "hits", "compression"]
# Those whose features are there; the others wait for theirs, and run when they are named. The last
# has most rounds to spare, should the time be over before its end.
DEFAULT_SECTIONS = ["throughput", "memcached", "memory", "collections", "algebra", "ranks", "stall", "expiry",
                    "burst", "snapshot", "fork", "fsync", "hits", "compression", "tail"]
SERVERS = ["redis", "memcached", "tarn"]
RESULTS = Path(__file__).resolve().parent / "results"


@dataclass
class Context:
    """What a section's measurement gets: a way to servers, the load, and how long to take."""

    programs: dict
    load: Load
    quick: bool
    first_port: int
    server_core: int | None

    def server(self, name, directory=None):
        """A server that is not started yet; use it in a `with` block."""
        kind, program = self.programs[name]
        return kind(program, free_port(self.first_port, 15), self.server_core, directory)

    def choose(self, full, quick):
        return quick if self.quick else full

    def second_port(self):
        """A free port besides the server's own."""
        return free_port(self.first_port + 15, 15)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION",
                        help=f"any of: {' '.join(SECTIONS)} (default: {' '.join(DEFAULT_SECTIONS)})")
    parser.add_argument("--rounds", type=int, help="rounds of every section (3, --quick: 1)")
    parser.add_argument("--quick", action="store_true", help="small and short: under 3 minutes")
    parser.add_argument("--servers", default=",".join(SERVERS), help="comma-separated")
    parser.add_argument("--limit-minutes", type=float, help="begin nothing after (15, --quick: 3)")
    parser.add_argument("--server-core", type=int, help="(default: where the disk's interrupts go)")
    parser.add_argument("--load-core", type=int, help="(default: another)")
    parser.add_argument("--first-port", type=int, default=7400)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    arguments.sections = arguments.sections or DEFAULT_SECTIONS
    arguments.servers = arguments.servers.split(",")
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    arguments.limit_minutes = arguments.limit_minutes or (3 if arguments.quick else 15)
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(section, context, rounds, deadline):
    """Runs one section round by round; round i visits every server once, in a rotating order."""
    data = Data()
    names = [name for name in section.SERVERS if name in context.programs]
    broken = {}
    for i in range(min(rounds, section.MAX_ROUNDS)):
        for name in names[i % len(names):] + names[:i % len(names)]:
            if name in broken or time.monotonic() > deadline:
                continue
            began = time.monotonic()
            try:
                data.add(name, section.measure(name, context))
                outcome = f"{time.monotonic() - began:.1f} s"
            except (BenchError, ReplyError, OSError, subprocess.TimeoutExpired) as error:
                broken[name] = outcome = f"{type(error).__name__}: {error}"
            say(f"  round {i + 1}, {name}: {outcome}")
    return data, broken


def environment(context):
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {"date": time.strftime("%Y-%m-%d %H:%M"), "processor": model,
            "processors": os.cpu_count(), "server_core": context.server_core,
            "kernel": platform.release(),
            "load_average": round(os.getloadavg()[0], 2), "quick": context.quick,
            "servers": sorted(context.programs)}


def results_name(arguments):
    """Only a complete run at full size is `latest`."""
    if arguments.quick:
        return "quick"
    return "latest" if arguments.sections == DEFAULT_SECTIONS else "partial"


def choose_cores(arguments, scratch):
    """The processors of server and load; None for both where there are too few."""
    cores = os.sched_getaffinity(0)
    server, load = arguments.server_core, arguments.load_core
    if server is None:
        disk = interrupt_processor(scratch)
        server = disk if disk in cores - {load} else min(cores - {load}, default=None)
    if load is None:
        load = min(cores - {server}, default=None)
    return (server, load) if {server, load} <= cores and server != load else (None, None)


def write_results(directory, name, about, reports, raw):
    directory.mkdir(parents=True, exist_ok=True)
    checks = [check for report in reports.values() for check in report.checks]
    parts = ["# Benchmark results", "",
             f"{about['date']}, {about['processors']} × {about['processor']}, Linux "
             f"{about['kernel']}" + (", --quick" if about["quick"] else "")
             + ". Medians (and ranges) of the rounds; how: [README](../README.md).", "",
             f"![plot]({name}.svg)", "", checks_table("Summary", checks).markdown()]
    for title, report in reports.items():
        parts += [f"## {title}", ""]
        parts += [table.markdown() for table in report.tables]
        parts += [note + "\n" for note in report.notes]
    (directory / f"{name}.md").write_text("\n".join(parts))
    (directory / f"{name}.json").write_text(json.dumps({"about": about, "samples": raw}, indent=1))
    write_svg(directory / f"{name}.svg", [bar for r in reports.values() for bar in r.bars])
    return checks


def run(arguments, scratch):
    programs = find_servers(arguments.servers)
    for name in set(arguments.servers) - set(programs):
        say(f"{name} is not here and left out")
    server_core, load_core = choose_cores(arguments, scratch)
    tarn_load = build_tarn_load(scratch)
    if load_core is None:
        say("too few processors: nothing is pinned, and the figures mean little")
    else:
        os.sched_setaffinity(0, {load_core})  # this process's own errands are load, too
    context = Context(programs, Load(tarn_load, load_core),
                      arguments.quick, arguments.first_port, server_core)
    deadline = time.monotonic() + arguments.limit_minutes * 60
    about, reports, raw = environment(context), {}, {}
    for name in arguments.sections:
        section = importlib.import_module(f"sections.{name}")
        if time.monotonic() > deadline:
            say(f"{name}: left out, the time is over")
            continue
        say(f"{name}: {section.__doc__.splitlines()[0]}")
        data, broken = measure(section, context, arguments.rounds, deadline)
        reports[name] = section.report(data)
        reports[name].notes += [f"{server} gave no result: {why}" for server, why in
                                broken.items()]
        raw[name] = data.as_json()
        for table in reports[name].tables:
            print(table.text(), flush=True)
        for note in reports[name].notes:
            print(note + "\n", flush=True)
    name = results_name(arguments)
    checks = write_results(arguments.output, name, about, reports, raw)
    print(checks_table("Summary", checks).text())
    say(f"written: {arguments.output}/{name}.md, .json and .svg")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as scratch:
        try:
            run(arguments, scratch)
        except BenchError as error:
            sys.exit(f"bench: {error}")
        except KeyboardInterrupt:
            sys.exit(130)


if __name__ == "__main__":
    main()
