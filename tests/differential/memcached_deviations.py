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
    Deviation(
        ours=rb"ERROR\r\n",
        theirs=rb"ERROR: shutdown not enabled\r\n",
        reason="no option lets clients of memcached end the server",
    ),
]

# What the grammar never asks, because the two would differ, or one of them would wait.
LEFT_OUT = {
    "the flags of memcached 1.6.19 and later that it would act on (x, N of ms)":
        "the oracle is 1.6.18; E is asked of us alone, with the same answer but for the number",
    "k with mg with b and N, with ma with b, with append and prepend of ms with b":
        "memcached 1.6.18 forgets that the key of what it makes is binary, and sends it raw",
    "c for an item whose time is over, R with it":
        "there is no such item that would have a CAS number",
    "several mistakes in one request":
        "which of them is told is nobody's promise",
    "a wrong key behind others in gat":
        "memcached has touched the others by then",
    "arithmetic on stale items":
        "in memcached they stay stale where the new number has room in the place of the old one",
    "unknown opcodes with a key or extras":
        "memcached takes a part of their body for the next packet",
    "touching packets whose lengths do not fit them":
        "memcached takes what is behind the key for the next packet",
    "a wrong magic byte, QuitQ, or half a packet and the end, behind other packets":
        "memcached may close the connection before it has sent their replies",
    "lengths of 2^32 and more":
        "memcached takes their lower 32 bits",
    "arithmetic on values that are empty or blank":
        "memcached looks for digits beyond their end",
    "values with a minus":
        "for numbers from 2^63 on memcached looks for one, too, and as far as the next zero byte",
    "ma with t and N, ma with T":
        "memcached 1.6.18 says another time than the item has, and forgets T where it makes an item",
    "I with the modes of appending and prepending, t with a time that is over":
        "memcached 1.6.18 refuses the one, and says nearly 2^32 seconds to the other",
    "ma with q and N":
        "memcached 1.6.18 forgets q where it makes the item",
    "an opaque value of 32 bytes":
        "memcached counts the O, too, although 32 are promised",
    "numbers like -18446744073709551615":
        "they wrap around to 1 in memcached",
    "times of 2^31 and more, R of 30 days and more":
        "memcached keeps 32 bits of the one, and takes the other for a moment in time",
    "keys in base64 with other characters between its letters, or behind the padding":
        "memcached passes over them, so that several spellings are one key; we refuse them",
    "text keys asked for in base64, and the other way round":
        "memcached answers with the form in which an item was stored, we with that of the request",
    "C0 in meta commands":
        "memcached 1.6.18 takes it for no C at all",
    "modes of ms and ma in small letters":
        "later versions of memcached take them",
    "what comes before a get of a key that is too long":
        "memcached then drops the answers to earlier requests in the same packet",
    "flush_all with a delay":
        "memcached keeps one moment of flushing: a later one brings back what was flushed before",
    "slabs, lru, lru_crawler, cache_memlimit, extstore, refresh_certs, watch":
        "they steer what only memcached has inside",
    "lines of 2 to 16 kB other than get":
        "memcached closes or answers, depending on how they are cut into packets",
    "CAS numbers that nobody gave out, other than 0 and the highest":
        "in memcached they may be those of other items, or become so",
}  # fmt: skip

# Whole answers, as (ours, theirs): their lines joined.
WHOLE_ANSWERS = [
    Deviation(
        ours=rb"CLIENT_ERROR [a-z ]+\r\n",
        theirs=rb"",
        reason="a line that does not end gets a word before its connection is closed",
    ),
]

_compiled = [(re.compile(d.ours), re.compile(d.theirs), d.reason) for d in DEVIATIONS]
_SECONDS = re.compile(rb"(t|l|exp=|la=)(-?\d+)(\r\n)?")
_INSIDE = re.compile(rb"(cls|size)=\d+(\r\n)?")


def same_answer(ours, theirs):
    """The reason why two answers (lists of lines) may differ as a whole, or None."""
    left, right = (b"".join(b" ".join(line.words) for line in lines) for lines in (ours, theirs))
    for deviation in WHOLE_ANSWERS:
        if re.fullmatch(deviation.ours, left) and re.fullmatch(deviation.theirs, right):
            return deviation.reason
    return None


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
