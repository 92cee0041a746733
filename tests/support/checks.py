"""A small frame for integration scripts: functions that check, each saying what it checked.

    @check("SIGTERM ends the server with status 0")
    def sigterm():
        with server() as tarn:
            ...

    if __name__ == "__main__":
        main()

`script.py --oracle` runs the same checks against redis-server (those marked `ours_only` are left
out there); `script.py PATTERN` runs the checks whose function's name contains PATTERN.
"""

import os
import sys
import time
import traceback

from support.server import Server

ORACLE = "--oracle" in sys.argv
KIND = "redis" if ORACLE else "tarn"
_checks = []


def check(what, ours_only=False):
    def register(function):
        _checks.append((what, function, ours_only))
        return function

    return register


def server(*args, **options):
    """A server of the tested kind; use it in a `with` statement."""
    return Server(KIND, [str(arg) for arg in args], **options)


def expect(condition, message):
    """An assertion that python -O keeps."""
    if not condition:
        raise AssertionError(message() if callable(message) else message)


def equal(actual, wanted, what=""):
    if actual != wanted:
        raise AssertionError(f"{what or 'value'}: {str(actual)[:500]!r}, not {str(wanted)[:500]!r}")


class Skipped(Exception):
    """Raised by a check that cannot run on this machine."""


def main():
    patterns = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
    failed = 0
    chosen = [row for row in _checks
              if not patterns or any(p in row[1].__name__ for p in patterns)]  # fmt: skip
    if not chosen:
        sys.exit(f"{os.path.basename(sys.argv[0])}: no function's name contains {patterns}")
    for what, function, ours_only in chosen:
        if ORACLE and ours_only:
            continue
        started = time.monotonic()
        try:
            function()
            verdict = "ok"
        except Skipped as reason:
            verdict, what = "skipped", f"{what}: {reason}"
        except Exception:  # pylint: disable=broad-except
            verdict = "FAILED"
            failed += 1
            traceback.print_exc(limit=-6, file=sys.stdout)
        print(f"{verdict:8} {what} ({time.monotonic() - started:.1f} s)", flush=True)
    print(f"{os.path.basename(sys.argv[0])}: {f'{failed} failed' if failed else 'all well'}")
    sys.exit(1 if failed else 0)
