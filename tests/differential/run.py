#!/usr/bin/env python3
"""Differential testing: random commands to Tarn and to redis-server, replies compared.

    run.py                                  150,000 commands, one seed
    run.py --commands 1000000 --seeds 1,2,3 the long proof
    run.py --seed 7 --epoch 12              one epoch again
    run.py --families strings,bitmaps       fewer commands
    run.py --epoch-size 500 --max 100       a survey: short epochs meet many different bugs
    run.py --self                           the oracle against itself: proves the harness

A run is cut into epochs. Each starts with empty databases and fresh connections and ends with a
comparison of all data and of DEBUG DIGEST, so an epoch can be repeated alone. An epoch ends at its
first difference; differences that look alike are shown once and counted.

Exit status: 0 no difference, 1 differences, 2 a server could not be run.
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import protocol  # noqa: E402
import tables  # noqa: E402
from families import (  # noqa: E402
    administration,
    bitmaps,
    connection,
    dump,
    hashes,
    keys,
    lists,
    sets,
    sorted_sets,
    sorting,
    strings,
    transactions,
)
from grammar import Generator, taking_part  # noqa: E402
from pair import CLOSED, Difference, Pair, StateDifference  # noqa: E402
from report import CONNECTIONS, report, signature  # noqa: E402
from support.server import SMALL, Server, ServerFailure  # noqa: E402

FAMILIES = {
    module.FAMILY.name: module.FAMILY
    for module in (
        strings, bitmaps, keys, connection, administration, lists, hashes, sets, sorted_sets,
        sorting, transactions, dump,
    )  # fmt: skip
}
BATCHES = (1, 2, 5, 20, 100, 300, 300, 500)
# Redis-server believes what is in payloads of RESTORE unless told not to.
SERVER_ARGS = [
    "--enable-debug-command", "yes", "--appendonly", "no", "--sanitize-dump-payload", "yes",
]  # fmt: skip


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--commands", type=int, default=30_000 if SMALL else 150_000, help="for each seed")
    add("--seeds", "--seed", default="1", help="comma separated; 'random' draws one")
    add("--epoch", type=int, help="run only this epoch of each seed")
    add("--epoch-size", type=int, default=20_000)
    add("--families", default=",".join(FAMILIES))
    add("--exclude", default="", help="commands to leave out, comma separated")
    add("--protocol", type=int, default=300 if SMALL else 1500, help="raw cases for each seed")
    add("--tables", action=argparse.BooleanOptionalAction, default=True, help="compare them too")
    add("--max", type=int, default=5, help="stop after so many different differences")
    add("--tarn", default="", help="more arguments of the tested server, as one word")
    add("--self", action="store_true", dest="oracle_only", help="redis-server on both sides")
    options = parser.parse_args()
    options.seeds = options.seeds.split(",")
    if options.seeds == ["random"]:
        options.seeds = [str(int.from_bytes(os.urandom(4), "big"))]
    return options


def knows(client, command):
    """Does the server have the command? Asked without COMMAND INFO, which it may not have."""
    reply = client.call(command)
    return not (reply.is_error and reply.value.startswith(b"ERR unknown command"))


def usable_families(names, server):
    chosen = []
    with server.client() as client:
        for command in ("ECHO", "CLIENT", "FLUSHALL", "KEYS"):
            if not knows(client, command):
                raise ServerFailure(f"the tested server lacks {command}, and the harness needs it")
        for name in names:
            missing = [command for command in FAMILIES[name].requires if not knows(client, command)]
            if missing:
                print(f"family {name} is left out: the tested server lacks {', '.join(missing)}")
            else:
                chosen.append(FAMILIES[name])
    return chosen


# What a transaction in a batch must not hold: it changes which commands get replies, or puts an
# attribute among the replies of EXEC.
NOT_QUEUED = (b"CLIENT", b"RESET", b"QUIT", b"HELLO", b"MONITOR", b"DEBUG")


def closed(batch):
    """The batch, and the end of a transaction that it may have left open."""
    opened = any(args[0].upper() == b"MULTI" for args in batch)
    return batch + [[b"EXEC"]] if opened else batch


def plan(generator, epoch, size, exclude):
    """The commands of one epoch, as (connection, [args, ...]) batches."""
    rng = generator.rng
    connections = rng.choice(range(1, CONNECTIONS + 1))
    if epoch % 2:
        yield 0, [[b"HELLO", b"3"]]
    while size > 0:
        number = rng.randrange(connections)
        batch = []
        opened = False
        for _ in range(min(size, rng.choice(BATCHES))):
            args = generator.next()
            size -= 1
            name = args[0].upper()
            opened |= name == b"MULTI"
            if name in exclude or opened and (name in NOT_QUEUED or name.startswith(b"@")):
                continue
            if args[0].startswith(b"@"):  # a composite goes alone
                if batch:
                    yield number, closed(batch)
                yield number, [args]
                batch = []
            else:
                batch.append(args)
        if batch:
            yield number, closed(batch)


class Runner:
    def __init__(self, options, ours, theirs):
        self.options = options
        self.pair = Pair(ours, theirs)
        self.families = usable_families(options.families.split(","), ours)
        self.exclude = {name.upper().encode() for name in options.exclude.split(",") if name}
        self.met = {}  # signature -> times

    @property
    def enough(self):
        return len(self.met) >= self.options.max

    def run_seed(self, seed):
        size, options = self.options.epoch_size, self.options
        if options.epoch is not None:
            self.run_epoch(seed, options.epoch, size)
            return
        for epoch in range(-(-options.commands // size)):
            if self.enough:
                return
            self.run_epoch(seed, epoch, min(size, options.commands - epoch * size))
        self.run_protocol(seed)

    def run_epoch(self, seed, epoch, size):
        history = []
        try:
            self.pair.reset(CONNECTIONS)
            generator = Generator(taking_part(self.families, epoch), f"{seed}:{epoch}")
            for number, commands in plan(generator, epoch, size, self.exclude):
                done = len(history)
                history += [(number, args) for args in commands]
                try:
                    self.pair.run(number, commands)
                except Difference as found:
                    del history[done + found.at + 1 :]
                    raise
            self.pair.compare_state()
        except (Difference, StateDifference) as found:
            self.met_with(f"seed {seed}, epoch {epoch}", history, found)
        except CLOSED as closed:
            found = StateDifference(f"a server closed its connections: {closed!r}")
            self.met_with(f"seed {seed}, epoch {epoch}", history, found)

    def met_with(self, place, history, found):
        known = signature(found)
        self.met[known] = self.met.get(known, 0) + 1
        if self.met[known] == 1:
            report(self.pair, place, history, found)
            sys.stdout.flush()

    def run_tables(self):
        self.pair.reset(1)
        for text in tables.compare(*(side.server for side in self.pair.sides)):
            print(f"\n=== {text}")
            self.met["table", text] = 1

    def run_protocol(self, seed):
        self.pair.reset(1)
        servers = [side.server for side in self.pair.sides]
        for text in protocol.run(*servers, seed, self.options.protocol):
            print(f"\n=== seed {seed}, {text}")
            self.met["protocol", text] = 1
            if self.enough:
                return


def main():
    options = parse_options()
    kind = "redis" if options.oracle_only else "tarn"
    runner = None
    try:
        tested = Server(kind, SERVER_ARGS + options.tarn.split())
        with tested as ours, Server("redis", SERVER_ARGS) as theirs:
            runner = Runner(options, ours, theirs)
            started = time.monotonic()
            for seed in options.seeds:
                runner.run_seed(seed)
            if options.tables and options.epoch is None:
                runner.run_tables()
            took = time.monotonic() - started
            runner.pair.close()
            compared, met = runner.pair.compared, runner.met
            print(
                f"{compared} commands compared in {took:.1f} s ({compared / took:.0f}/s), "
                f"seeds {','.join(options.seeds)}: {sum(met.values())} differences"
                + (f" of {len(met)} kinds" if met else "")
            )
            for deviation, count in runner.pair.deviations.items():
                print(f"  {count} times, as documented: {deviation.reason}")
    except ServerFailure as failure:
        print(failure, file=sys.stderr)
        return 1 if runner and runner.met else 2
    return 1 if runner.met else 0


if __name__ == "__main__":
    sys.exit(main())
