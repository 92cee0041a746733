#!/usr/bin/python3
"""Compiles changed files with Clang, for its warnings, and runs clang-tidy on them.

A file counts as changed if it differs from the merge base with origin/main, or from the previous
commit where there is no such base, or is not committed at all. A changed header is checked through
one source file that includes it. clang-tidy is slow, so it stops beginning new files after a while
and says how many are left; --all looks at every file and takes the time it needs.
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
SYNTAX_BUDGET_S = 60
TIDY_BUDGET_S = 75


def git(*arguments):
    result = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


def changed_names():
    """Names of files to look at, or None for all of them."""
    head = git("rev-parse", "--verify", "-q", "HEAD")
    base = git("merge-base", "origin/main", "HEAD")
    if not base or base == head:
        base = git("rev-parse", "--verify", "-q", "HEAD~1")
    if not base:
        return None
    names = git("diff", "--name-only", "--diff-filter=d", base).splitlines()
    return set(names + git("ls-files", "--others", "--exclude-standard").splitlines())


def compile_commands():
    """{name: Clang's command line} of our own sources, as the release preset compiles them."""
    commands = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT) or path.is_relative_to(BUILD):
            continue
        words = shlex.split(entry["command"])
        output = words.index("-o")
        compiler = next(i for i, word in enumerate(words) if re.search(r"(\+\+|cc|gcc)(-\d+)?$", word))
        flags = words[compiler + 1 : output] + words[output + 2 :]
        driver = "clang++-14" if path.suffix == ".cc" else "clang-14"
        name = path.relative_to(ROOT).as_posix()
        commands[name] = [driver, "-fsyntax-only", "-Werror", *flags, "-Wno-unknown-warning-option"]
    return commands


def sources_to_check(commands):
    names = changed_names()
    if names is None:
        return sorted(commands)
    chosen = {name for name in names if name in commands}
    for header in sorted(name for name in names if name.endswith(".h")):
        line = f'#include "{header}"'
        includers = [n for n in sorted(commands) if line in (ROOT / n).read_text()]
        if includers and not chosen.intersection(includers):
            chosen.add(includers[0])
    return sorted(chosen)


def run_all(title, command_of, names, jobs, budget_s):
    """Runs one command a file, prints the output of those that fail; returns how many did."""
    deadline = time.monotonic() + budget_s
    failures, skipped = 0, 0

    def run(name):
        if time.monotonic() > deadline:
            return None
        return subprocess.run(command_of(name), cwd=BUILD, capture_output=True, text=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, result in zip(names, pool.map(run, names)):
            if result is None:
                skipped += 1
            elif result.returncode != 0:
                failures += 1
                print(f"{title}: {name}\n{result.stdout}{result.stderr}".rstrip())
    print(f"{title}: {len(names) - skipped} files, {failures} with faults", end="")
    print(f"; {skipped} left out for time, --all takes them too" if skipped else "")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every file, however long it takes")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    commands = compile_commands()
    names = sorted(commands) if options.all else sources_to_check(commands)
    # What was edited last is looked at first, for there may be no time for the rest.
    names.sort(key=lambda name: (ROOT / name).stat().st_mtime, reverse=True)
    forever = float("inf")
    failures = run_all("clang++", commands.get, names, options.jobs,
                       forever if options.all else SYNTAX_BUDGET_S)
    tidy = ["clang-tidy-14", "--quiet", f"-p={BUILD}",
            "--extra-arg=-Wno-unknown-warning-option"]
    failures += run_all("clang-tidy", lambda name: [*tidy, str(ROOT / name)],
                        [n for n in names if n.endswith(".cc")], options.jobs,
                        forever if options.all else TIDY_BUDGET_S)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
