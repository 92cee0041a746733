#!/usr/bin/python3
"""Turns Debian's package index into requests for `redis-cli --pipe`.

    apt-cache dumpavail | ./load.py | redis-cli --pipe

Reads control records from standard input; writes requests to standard output. README.md lists the
keys. Loading again replaces what was there.
"""

import re
import sys


def records(lines):
    """Yields {field: value} for each control record; continuation lines are joined."""
    fields, field = {}, None
    for line in lines:
        if line == b"\n":
            if fields:
                yield fields
            fields = {}
        elif line[:1] in b" \t":
            fields[field] += b" " + line.strip()
        else:
            field, _, value = line.partition(b":")
            fields[field] = value.strip()
    if fields:
        yield fields


def dependencies_of(fields):
    """Names in Pre-Depends and Depends, all alternatives, without versions and architectures."""
    text = fields.get(b"Pre-Depends", b"") + b"," + fields.get(b"Depends", b"")
    return sorted(set(re.findall(rb"(?:^|[,|])\s*([^\s,|:(\[]+)", text)))


def groups_of(fields):
    """The record's section and debtags; `role::{program,data}` stands for two tags."""
    yield b"section:" + fields.get(b"Section", b"unknown")
    for tag in re.findall(rb"[^\s,{]+(?:\{[^}]*\})?", fields.get(b"Tag", b"")):
        facet, brace, names = tag.rstrip(b"}").partition(b"{")
        for name in names.split(b",") if brace else [b""]:
            yield b"tag:" + facet + name.strip()


def request(*words):
    """One request as the protocol has it: an array of length-prefixed strings."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


class Loader:
    """Makes the requests of one run, and knows which keys it has begun."""

    def __init__(self):
        self._packages = set()
        self._begun = set()

    def requests(self, lines):
        for fields in records(lines):
            name = fields.get(b"Package")
            if name and name not in self._packages:
                number = b"%d" % len(self._packages)
                self._packages.add(name)
                yield from self._package(name, number, fields)
                yield from self._dependencies(name, dependencies_of(fields))
                yield from self._groups(number, sorted(set(groups_of(fields))))

    def _begin(self, keys):
        """What an earlier run left in a key goes before this run first adds to it."""
        new = [key for key in keys if key not in self._begun]
        self._begun.update(new)
        if new:
            yield request(b"UNLINK", *new)

    def _package(self, name, number, fields):
        key = b"pkg:" + name
        yield from self._begin([key])
        yield request(b"HSET", key, b"id", number, *(word for pair in fields.items()
                                                     for word in pair))
        yield request(b"HSET", b"names", number, name)
        yield request(b"ZADD", b"sizes", fields.get(b"Installed-Size", b"0"), name)

    def _dependencies(self, name, needed):
        if not needed:
            return
        yield from self._begin([b"deps:" + name, *(b"rdeps:" + other for other in needed)])
        yield request(b"SADD", b"deps:" + name, *needed)
        for other in needed:
            yield request(b"SADD", b"rdeps:" + other, name)

    def _groups(self, number, groups):
        for group in groups:
            if group not in self._begun:
                yield request(b"ZADD", b"counts", b"0", group)
        yield from self._begin(groups)
        for group in groups:
            yield request(b"SETBIT", group, number, b"1")
            yield request(b"ZINCRBY", b"counts", b"1", group)


def main():
    for each in Loader().requests(sys.stdin.buffer):
        sys.stdout.buffer.write(each)


if __name__ == "__main__":
    main()
