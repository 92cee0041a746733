#!/usr/bin/python3
"""Turns Debian's package index into requests for `redis-cli --pipe`.

    apt-cache dumpavail | ./load.py | redis-cli --pipe

Reads control records from standard input; writes requests to standard output. README.md lists the
keys. Loading again replaces what was there.
"""

import re
import sys


def records(lines):
    """Yields (whole record, {field: value}) for each record; continuation lines are joined."""
    record, fields, field = [], {}, None
    for line in lines:
        if line == b"\n":
            if record:
                yield b"".join(record), fields
            record, fields = [], {}
            continue
        record.append(line)
        if line[:1] in b" \t":
            fields[field] += b" " + line.strip()
        else:
            field, _, value = line.partition(b":")
            fields[field] = value.strip()
    if record:
        yield b"".join(record), fields


def tags_of(fields):
    """The debtags of a record; `role::{program,data}` stands for two of them."""
    for tag in re.findall(rb"[^\s,{]+(?:\{[^}]*\})?", fields.get(b"Tag", b"")):
        facet, brace, names = tag.rstrip(b"}").partition(b"{")
        for name in names.split(b",") if brace else [b""]:
            yield facet + name.strip()


def request(*words):
    """One request as the protocol has it: an array of length-prefixed strings."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


def requests(lines):
    known_names, known_sets = set(), set()
    for record, fields in records(lines):
        name = fields.get(b"Package")
        if not name or name in known_names:
            continue
        number = b"%d" % len(known_names)
        known_names.add(name)
        key = b"package:" + name
        yield request(b"SET", key, record)
        yield request(b"MSET", key + b":id", number, b"id:" + number, name,
                      key + b":version", fields.get(b"Version", b""),
                      key + b":size", fields.get(b"Size", b"0"))

        section = b"section:" + fields.get(b"Section", b"unknown")
        for bitmap in {section} | {b"tag:" + tag for tag in tags_of(fields)}:
            if bitmap not in known_sets:
                known_sets.add(bitmap)
                yield request(b"DEL", bitmap, b"count:" + bitmap)
            yield request(b"SETBIT", bitmap, number, b"1")
            yield request(b"INCR", b"count:" + bitmap)
    yield request(b"SET", b"packages", b"%d" % len(known_names))


def main():
    for each in requests(sys.stdin.buffer):
        sys.stdout.buffer.write(each)


if __name__ == "__main__":
    main()
