#!/usr/bin/env python3
"""Plays the transcripts of this directory (the format: transcript.py).

    run.py                    all of them, against Tarn
    run.py set.txt getex.txt  some
    run.py --oracle           against redis-server: proves that the transcripts tell the truth
    run.py --record FILE      writes the oracle's replies into the file where they do not match

Exit status: 0 all as written, 1 something differs, 2 a server could not be run.
"""

import argparse
import glob
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import transcript  # noqa: E402
from support.server import ServerFailure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def play(path, kind):
    """Returns the mismatches as (step, actual lines), and the lines of the file."""
    steps, lines = transcript.parse(path)
    mismatches = []
    transcript.Player(kind).play(steps, lambda step, actual: mismatches.append((step, actual)))
    return mismatches, lines


def show(path, step, actual):
    print(f"{os.path.relpath(path)}:{step.line}: {step.name}{step.kind} {step.text}")
    for line in step.expected or ["(nothing)"]:
        print(f"  expected  {line}")
    for line in actual[:60]:
        print(f"  got       {line[:400]}")


def record(path):
    mismatches, lines = play(path, "redis")
    for step, actual in sorted(mismatches, key=lambda found: -found[0].line):
        lines[step.line : step.last_line] = actual
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    print(f"{path}: {len(mismatches)} replies written")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    names = [name if os.path.exists(name) else os.path.join(HERE, name) for name in options.files]
    failed = skipped = 0
    paths = names or sorted(glob.glob(os.path.join(HERE, "*.txt")))
    for path in paths:
        if options.record:
            record(path)
            continue
        later = transcript.first(transcript.parse(path)[0], "@since")
        if options.oracle and later:
            print(f"skipped  {os.path.basename(path)} (since {later})")
            skipped += 1
            continue
        started = time.monotonic()
        try:
            mismatches, _ = play(path, "redis" if options.oracle else "tarn")
        except transcript.Unsupported as missing:
            print(f"skipped  {os.path.basename(path)} (the server has no {missing})")
            skipped += 1
            continue
        except ServerFailure as failure:
            print(f"FAILED   {os.path.basename(path)}: {failure}")
            failed += 1
            continue
        for step, actual in mismatches[:10]:
            show(path, step, actual)
        if len(mismatches) > 10:
            print(f"  and {len(mismatches) - 10} more")
        failed += bool(mismatches)
        print(
            f"{'FAILED' if mismatches else 'ok':8} {os.path.basename(path)} "
            f"({time.monotonic() - started:.1f} s)"
        )
    if not options.record:
        print(f"{len(paths)} transcripts: {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
