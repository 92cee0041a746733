#!/usr/bin/env python3
"""Differential testing: random requests of memcached's protocols to Tarn and to memcached.

    memcached_run.py                                    30,000 requests, three seeds
    memcached_run.py --commands 1000000 --seeds 1,2,3   the long proof
    memcached_run.py --seed 7 --epoch 12                one epoch again
    memcached_run.py --protocol binary                  only that: text (with meta) or binary
    memcached_run.py --epoch-size 300 --max 100         a survey: many different differences
    memcached_run.py --self                             memcached on both sides: proves the harness

A run is cut into epochs. Each starts without items and ends with a comparison of all items, so it
can be repeated alone. An epoch ends at its first difference; differences that look alike are shown
once, with the shortest requests found that lead to them, and counted.

Exit status: 0 no difference, 1 differences, 2 a server could not be run, 77 one is not there.
"""

import argparse
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import memcached_tables  # noqa: E402
import memcached_times  # noqa: E402
from memcached_binary import BinaryGenerator, BinarySide, hopeless_packets  # noqa: E402
from memcached_deviations import same_line  # noqa: E402
from memcached_grammar import KEYS, NUMBERS, Generator, Request, hopeless  # noqa: E402
from memcached_pair import Difference, Pair, Side  # noqa: E402
from shorten import shortened  # noqa: E402
from support.memcached import memcached_binary, memcached_server  # noqa: E402
from support.server import SMALL, ServerFailure  # noqa: E402

BATCHES = (1, 1, 2, 3, 10, 30, 60)
MINIMISE_S = 30.0
SHOWN_LINES = 12
SKIPPED = 77
# Their threads hold items for moments, and what memcached does to a held item shows: a new number
# is written beside it, without the blanks and the marks of the old one.
ORACLE_ARGS = ["-o", "no_lru_crawler,no_lru_maintainer"]


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--commands", type=int, default=2_000 if SMALL else 10_000, help="for each seed")
    add("--seeds", "--seed", default="1,2,3", help="comma separated; 'random' draws one")
    add("--epoch", type=int, help="run only this epoch of each seed")
    add("--epoch-size", type=int, default=1000)
    add("--protocol", choices=("text", "binary", "both"), default="both")
    add("--tables", action=argparse.BooleanOptionalAction, default=True, help="statistics and times, too")
    add("--max", type=int, default=5, help="stop after so many different differences")
    add("--self", action="store_true", dest="oracle_only", help="memcached on both sides")
    options = parser.parse_args()
    options.seeds = options.seeds.split(",")
    if options.seeds == ["random"]:
        options.seeds = [str(int.from_bytes(os.urandom(4), "big"))]
    return options


# The generator, the side of a pair, and what ends a connection.
PROTOCOLS = {
    "text": (Generator, Side, hopeless),
    "binary": (BinaryGenerator, BinarySide, hopeless_packets),
}


def plan(rng, size, generator, ending):
    """The batches of one epoch, as (requests, where to cut their bytes into packets)."""
    guarded = None
    while size > 0:
        batch = [generator.guarded(guarded)] if guarded else []
        guarded = None
        for _ in range(min(size, rng.choice(BATCHES))):
            request = generator.next()
            if request.alone:
                yield [request], ()
            else:
                batch.append(request)
        if rng.random() < 0.4:
            guarded = rng.choice(KEYS + NUMBERS)
            batch.append(generator.watch(guarded))
        size -= len(batch)
        cut = rng.random() < 0.15
        yield batch, tuple(sorted(rng.random() for _ in range(rng.randrange(1, 5)))) if cut else ()
        if rng.random() < 0.03:
            yield [Request(ending(rng), alone=True)], ()


def signature(found):
    """Differences with the same signature are most likely the same bug."""
    for left, right in zip(found.ours.lines, found.theirs.lines):
        if same_line(left, right) is None:
            return _kind(left), _kind(right)
    return len(found.ours.lines) < len(found.theirs.lines), found.ours.closed, found.theirs.closed


def _kind(line):
    text = b" ".join(line.words)[:40]
    return re.sub(rb"\d+|\b[kn]\d\b|L{5,}", b"0", text)


class Runner:
    def __init__(self, options, ours, theirs):
        self.options = options
        self.cuts = not options.oracle_only
        self.pairs = {
            name: Pair(ours, theirs, side) for name, (_, side, _) in PROTOCOLS.items()
            if options.protocol in (name, "both")
        }  # fmt: skip
        self.pair = None  # That of the epoch.
        self.met = {}  # signature -> times

    @property
    def enough(self):
        return len(self.met) >= self.options.max

    def run_seed(self, seed):
        size, options = self.options.epoch_size, self.options
        if options.epoch is not None:
            for protocol in self.pairs:
                self.run_epoch(seed, options.epoch, size, protocol)
            return
        for epoch in range(-(-options.commands // size)):
            protocols = list(self.pairs)
            protocol = protocols[epoch % len(protocols)]
            if self.enough:
                return
            self.run_epoch(seed, epoch, min(size, options.commands - epoch * size), protocol)

    def run_epoch(self, seed, epoch, size, protocol):
        generator, _, ending = PROTOCOLS[protocol]
        rng = random.Random(f"memcached:{seed}:{epoch}")
        self.pair = self.pairs[protocol]
        history = []
        try:
            self.pair.reset()
            for batch, cuts in plan(rng, size, generator(rng), ending):
                cuts = cuts if self.cuts else ()
                history.append((batch, cuts))
                self.pair.run(batch, cuts)
            self.pair.compare_state()
        except Difference as found:
            known = signature(found)
            self.met[known] = self.met.get(known, 0) + 1
            if self.met[known] == 1:
                self.report(f"seed {seed}, epoch {epoch} ({protocol})", history, found)
                sys.stdout.flush()

    def run_tables(self):
        pair = next(iter(self.pairs.values()))
        pair.reset()
        servers = [side.server for side in pair.sides]
        for table in (memcached_tables, memcached_times):
            for text in table.compare(*servers):
                print(f"\n=== {text}")
                self.met["table", text] = 1

    def replay(self, history):
        self.pair.reset()
        try:
            for batch, cuts in history:
                self.pair.run(batch, cuts)
            self.pair.compare_state()
        except Difference as found:
            return found
        return None

    def report(self, place, history, found):
        print(f"\n=== {place}, batch {len(history)}")
        show(found)
        for side, name in zip(self.pair.sides, ("tested", "oracle")):
            if not side.server.alive:
                print(f"  the {name} server is dead; its log ends with:\n{side.server.log_tail(60)}")
        wanted = signature(found)
        if not self.repeats(history, wanted):
            print("  it does not repeat: a matter of timing, or of what happened before the epoch")
            print(f"  the last batch was, cut at {history[-1][1]}:")
            self.show_requests(history[-1:])
            return
        deadline = time.monotonic() + MINIMISE_S

        def same(candidate):
            return self.repeats(candidate, wanted)

        shortest = shortened(history, same, deadline)
        for at, (batch, cuts) in enumerate(shortest):

            def same_with(requests, at=at, cuts=cuts):
                return same(shortest[:at] + [(requests, cuts)] + shortest[at + 1 :])

            shortest[at] = shortened(batch, same_with, deadline), cuts
        print("  minimised to:")
        self.show_requests(shortest)
        again = self.replay(shortest)
        if again is not None:
            show(again)

    @staticmethod
    def show_requests(history):
        for number, (batch, _) in enumerate(history):
            for request in batch:
                print(f"    {number}> {elided(request.data)!r}")

    def repeats(self, history, wanted):
        again = self.replay(history)
        return again is not None and signature(again) == wanted


def elided(data):
    """The bytes with long runs of one of them cut short: what their number is."""
    return re.sub(rb"(.)\1{30,}", lambda run: b"%b...%d" % (run[1] * 3, len(run[0])), data)[:400]


def show(found):
    """Both answers from a little before the first difference on."""
    left, right = found.ours.lines, found.theirs.lines
    differing = (at for at, (a, b) in enumerate(zip(left, right)) if same_line(a, b) is None)
    first = max(0, next(differing, min(len(left), len(right))) - 2)
    for name, outcome in (("ours", found.ours), ("theirs", found.theirs)):
        shown = [
            repr(elided(b" ".join(line.words)))[1:]
            + (" " + repr(elided(line.data)[:100])[1:] if line.data else "")
            for line in outcome.lines[first : first + SHOWN_LINES]
        ]
        shown.append(f"({len(outcome.lines)} lines, {'closed' if outcome.closed else 'STILL OPEN'})")
        print(f"  {name:7} " + "\n          ".join(text[:300] for text in shown))


def main():
    options = parse_options()
    if memcached_binary() is None:
        print("skipped: there is no memcached (./dev test unpacks it)")
        return SKIPPED
    kind = "memcached" if options.oracle_only else "tarn"
    runner = None
    try:
        with (
            memcached_server(kind, ORACLE_ARGS if options.oracle_only else ()) as ours,
            memcached_server("memcached", ORACLE_ARGS) as theirs,
        ):
            runner = Runner(options, ours, theirs)
            started = time.monotonic()
            for seed in options.seeds:
                runner.run_seed(seed)
            if options.tables and options.epoch is None:
                runner.run_tables()
            took = time.monotonic() - started
            compared = sum(pair.compared for pair in runner.pairs.values())
            met = runner.met
            print(
                f"{compared} requests compared in {took:.1f} s ({compared / took:.0f}/s), "
                f"seeds {','.join(options.seeds)}: {sum(met.values())} differences"
                + (f" of {len(met)} kinds" if met else "")
            )
            for protocol, pair in runner.pairs.items():
                for reason, count in pair.deviations.items():
                    print(f"  {protocol}: {count} times, as documented: {reason}")
    except ServerFailure as failure:
        print(failure, file=sys.stderr)
        return 1 if runner and runner.met else 2
    return 1 if runner.met else 0


if __name__ == "__main__":
    sys.exit(main())
