"""Where Tarn answers otherwise than Redis 7.0 and means to: later servers changed the behaviour.

A deviation names the command lines, our reply and the oracle's reply, each as a regular expression
that must match as a whole (on the text of support.text, lines joined by newlines), and the reason.
A difference that no row explains is a failure.
"""

import re
from typing import NamedTuple

from support.text import quote_command, render


class Deviation(NamedTuple):
    command: str
    ours: str
    theirs: str
    reason: str


# (type, our encoding, the oracle's) where Redis 7.2 has the former; and a sorted set that was
# sorted by SORT, which redis-server leaves as a skiplist for good.
OTHER_ENCODINGS = {
    (b"list", b"listpack", b"quicklist"),
    (b"set", b"listpack", b"hashtable"),
    (b"zset", b"listpack", b"skiplist"),
}

DEVIATIONS = [
    Deviation(
        command=r"(?i)object encoding .*",
        ours=r'"listpack"',
        theirs=r'"(quicklist|hashtable)"',
        reason="Redis 7.2 has listpack encodings for lists and sets",
    ),
    Deviation(
        command=r"(?i)object encoding .*",
        ours=r'"listpack"',
        theirs=r'"skiplist"',
        reason="SORT leaves a sorted set as a skiplist in Redis",
    ),
    Deviation(
        command=r"(?i)sort(_ro)? .*",
        ours=r".*",
        theirs=r"\(error\) ERR One or more scores can't be converted into double",
        reason="SORT of redis-server trips over the errno that an earlier command left",
    ),
    Deviation(
        command=r"COMMAND INFO z(rev)?rank",
        ours=r".*\(integer\) -3.*",
        theirs=r".*\(integer\) 3.*",
        reason="ZRANK and ZREVRANK take WITHSCORE since Redis 7.2",
    ),
    Deviation(
        command=r"(?i)z(rev)?rank .*",
        ours=r"\(error\) ERR syntax error",
        theirs=r"\(error\) ERR wrong number of arguments .*",
        reason="ZRANK and ZREVRANK take WITHSCORE since Redis 7.2",
    ),
    Deviation(
        command=r"(?i)config (set|get) .*set-max-listpack-.*",
        ours=r".*",
        theirs=r"\(error\) ERR Unknown option .*|\(empty (array|hash)\)",
        reason="Redis 7.2 has listpack encodings for sets",
    ),
    Deviation(
        command=r"(?i)lpos .* rank -9223372036854775808( .*)?",
        ours=r"\(error\) ERR value is out of range, value must between .*",
        theirs=r".*",
        reason="Redis 7.2 refuses the one rank that has no counterpart",
    ),
    Deviation(
        command=r"(?i)set .* if(d?eq|d?ne) .*",
        ours=r".*",
        theirs=r"\(error\) ERR syntax error",
        reason="SET IFEQ, IFNE, IFDEQ and IFDNE came with Redis 8.4",
    ),
    Deviation(
        command=r"(?i)bitop (diff|diff1|andor|one) .*",
        ours=r".*",
        theirs=r"\(error\) ERR syntax error",
        reason="BITOP DIFF, DIFF1, ANDOR and ONE came with Redis 8.2",
    ),
    Deviation(
        command=r"(?i)(delex|delifeq|digest|msetex)( .*)?",
        ours=r".*",
        theirs=r"\(error\) ERR unknown command .*",
        reason="commands of Redis 8.4 and Valkey 9",
    ),
    Deviation(
        command=r"(?i)(getlease|setlease|invalidate)( .*)?",
        ours=r".*",
        theirs=r"\(error\) ERR unknown command .*",
        reason="leases are our own",
    ),
    Deviation(
        command=r"(?i)client (setinfo|no-touch)( .*)?",
        ours=r".*",
        theirs=r"\(error\) ERR unknown subcommand .*",
        reason="CLIENT SETINFO and NO-TOUCH came with Redis 7.2",
    ),
    Deviation(
        command=r"(?i)debug stringmatch-len .*",
        ours=r"\(integer\) [01]",
        theirs=r"\(error\) ERR unknown subcommand .*",
        reason="DEBUG STRINGMATCH-LEN came later",
    ),
    Deviation(
        command=r"(?i)config set .*loglevel.*",
        ours=r".* warning, nothing",
        theirs=r".* warning",
        reason="loglevel nothing came with Redis 7.2",
    ),
    Deviation(
        command=r"CONFIG GET rdbcompression",
        ours=r".*lz4.*",
        theirs=r".*yes.*",
        reason="snapshots are LZ4 frames unless told otherwise",
    ),
    Deviation(
        command=r"CONFIG GET (activedefrag|active-defrag-ignore-bytes|active-defrag-cycle-max)",
        ours=r".*(yes|1048576|3).*",
        theirs=r".*(no|104857600|25).*",
        reason="memory follows the data unless told otherwise, in small slices",
    ),
]

_compiled = [
    (d, re.compile(d.command, re.S), re.compile(d.ours, re.S), re.compile(d.theirs, re.S))
    for d in DEVIATIONS
]


def explained(args, ours, theirs):
    """The deviation that explains this difference, or None."""
    command, left, right = quote_command(args), "\n".join(render(ours)), "\n".join(render(theirs))
    for deviation, command_re, ours_re, theirs_re in _compiled:
        if command_re.fullmatch(command) and ours_re.fullmatch(left) and theirs_re.fullmatch(right):
            return deviation
    return None
