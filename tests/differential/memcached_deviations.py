"""Where two right servers may answer memcached's requests differently, and why."""

import re
from typing import NamedTuple

# How far apart in seconds the two clocks may stand when a request comes.
CLOCK_TOLERANCE_S = 2


class Deviation(NamedTuple):
    """Both lines must match as a whole (without their data, CAS numbers named)."""

    ours: bytes
    theirs: bytes
    reason: str


DEVIATIONS = [
    Deviation(
        ours=rb"VERSION \S+\r\n",
        theirs=rb"VERSION 1\.6\.\S+\r\n",
        reason="each server has a version of its own",
    ),
]

# What the grammar never asks, because the two would differ, or one of them would wait.
LEFT_OUT = {
    "the flags and modes of memcached 1.6.19 and later (E, x, mg's later answers)":
        "the oracle is 1.6.18",
    "mg or ma with b and N":
        "memcached 1.6.18 forgets that the key that it makes is binary, and sends it raw",
    "arithmetic on values that are empty or blank":
        "memcached looks for digits beyond their end",
    "values with a minus":
        "for numbers from 2^63 on memcached looks for one, too, and as far as the next zero byte",
    "flush_all with a delay":
        "memcached keeps one moment of flushing: a later one brings back what was flushed before",
    "slabs, lru, lru_crawler, cache_memlimit, extstore, refresh_certs, watch":
        "they steer what only memcached has inside",
    "lines of 2 to 16 kB other than get":
        "memcached closes or answers, depending on how they are cut into packets",
    "CAS numbers that nobody gave out, other than 0 and the highest":
        "in memcached they may be those of other items, or become so",
}  # fmt: skip

_compiled = [(re.compile(d.ours), re.compile(d.theirs), d.reason) for d in DEVIATIONS]
_SECONDS = re.compile(rb"(t|l|exp=|la=)(-?\d+)(\r\n)?")
_INSIDE = re.compile(rb"(cls|size)=\d+(\r\n)?")


def same_line(ours, theirs):
    """None where the lines differ, "" where they agree, or the reason of a deviation."""
    if ours.data == theirs.data and len(ours.words) == len(theirs.words):
        if all(map(_same_word, ours.words, theirs.words)):
            return ""
    left, right = b" ".join(ours.words), b" ".join(theirs.words)
    for ours_re, theirs_re, reason in _compiled:
        if ours_re.fullmatch(left) and theirs_re.fullmatch(right):
            return reason
    return None


def _same_word(left, right):
    if left == right:
        return True
    a, b = _SECONDS.fullmatch(left), _SECONDS.fullmatch(right)
    if a and b and a[1] == b[1]:
        x, y = int(a[2]), int(b[2])
        return -1 not in (x, y) and abs(x - y) <= CLOCK_TOLERANCE_S
    a, b = _INSIDE.fullmatch(left), _INSIDE.fullmatch(right)
    return bool(a and b and a[1] == b[1])
