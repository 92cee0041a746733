#!/usr/bin/python3
"""Verifies which room includes which, and who knows Asio. Prints each wrong include.

The rooms stand in a line, server -> persistence -> core, and a file sees its own room and those to
the right; tools -> persistence stands beside it. The linker says the same (CMakeLists.txt), but a
header without a .cc file would pass it.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEES = {
    "core": {"core"},
    "persistence": {"core", "persistence"},
    "server": {"core", "persistence", "server"},
    "tools": {"core", "persistence", "tools"},
}
KNOWS_ASIO = ("server/net/", "server/app/")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def faults_of(path):
    name = path.relative_to(ROOT).as_posix()
    room = name.split("/")[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        target_room = target.split("/")[0]
        where = f"{name}:{number}: "
        if target_room in SEES and target_room not in SEES[room]:
            yield where + f"{room}/ must not include {target}"
        if quote == '"' and target_room not in SEES and target != "tarn_version.h":
            yield where + f'"{target}" does not start at the root of the repository'
        if target_room in ("asio", "asio.hpp") and not name.startswith(KNOWS_ASIO):
            yield where + "only server/net and server/app know Asio"


def main():
    files = [p for room in SEES for p in sorted((ROOT / room).rglob("*")) if p.suffix in (".h", ".cc")]
    faults = [fault for path in files for fault in faults_of(path)]
    print("\n".join(faults) if faults else f"{len(files)} files include only what they may see")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
