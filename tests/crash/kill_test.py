#!/usr/bin/env python3
"""kill -9 at random moments: under `appendfsync always` no acknowledged write is lost, and none is
there by half, whatever else was going on: snapshots, rewrites, new segments.

    kill_test.py [--rounds N] [--seed S]
"""

import argparse
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from support.server import Server, scaled  # noqa: E402
from workload import Writer, check  # noqa: E402

ARGS = ["--appendonly", "yes", "--appendfsync", "always", "--aof-segment-size", "64kb",
        "--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "128kb"]
CHORES = [["BGSAVE"], ["BGREWRITEAOF"], ["BGREWRITEAOF"], ["SAVE"], None, None, None]
WRITERS = 4


def round_of(server, writers, rng):
    """One life of the server, from its start to its sudden end."""
    server.start()
    with server.client() as client:
        for writer in writers:
            check(client, writer)
            done = int(client.do("GET", f"{writer.name}:counter") or 0)
            # A step that was cut in the middle is taken back, so that the next one follows it.
            repair(client, writer.name, done)
    going = [Writer(server.port, w.name, int(w.done), rng.choice([1, 1, 5, 20])) for w in writers]
    for writer in going:
        writer.start()
    end = time.monotonic() + rng.uniform(0.02, 0.35)
    chore = rng.choice(CHORES)
    if chore:
        time.sleep(rng.uniform(0, 0.05))
        with server.client() as client:
            client.call(*chore)
    time.sleep(max(0.0, end - time.monotonic()))
    server.kill()
    for writer in going:
        writer.join(30)
        if writer.refused:
            raise AssertionError(f"a write was refused: {writer.refused}")
    return going


def repair(client, name, done):
    """Brings all keys of the writer to the same step."""
    done = min(done, client.do("LLEN", f"{name}:list"), client.do("ZCARD", f"{name}:zset"),
               int(client.do("GET", f"{name}:left") or 0))
    client.do("SET", f"{name}:counter", done)
    for key in ("list", "queue"):
        client.do("LTRIM", f"{name}:{key}", 0, done - 1) if done else client.do("DEL", f"{name}:{key}")
    client.do("ZREMRANGEBYSCORE", f"{name}:zset", f"({done}", "+inf")
    for side in ("left", "right"):
        client.do("SET", f"{name}:{side}", done)
    fields = client.do("HGETALL", f"{name}:hash")
    for field, value in zip(fields[::2], fields[1::2]):
        if int(value) > done:
            client.do("HDEL", f"{name}:hash", field)
            if int(value) > 50:
                client.do("HSET", f"{name}:hash", field, int(value) - 50)
    DONE[name] = done


DONE = {}


class Idle:
    """A writer between two lives of the server."""

    def __init__(self, name, sent=0, acknowledged=0):
        self.name, self.sent, self.acknowledged = name, sent, acknowledged

    @property
    def done(self):
        return DONE[self.name]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=scaled(40, 8))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    server = Server("tarn", ARGS)
    writers = [Idle(f"w{i}") for i in range(WRITERS)]
    steps = 0
    try:
        for number in range(options.rounds):
            try:
                going = round_of(server, writers, rng)
            except Exception:
                print(f"in round {number}, seed {options.seed}:\n{server.log_tail(40)}")
                raise
            steps += sum(w.acknowledged - DONE[w.name] for w in going)
            writers = [Idle(w.name, w.sent, w.acknowledged) for w in going]
            if rng.random() < 0.1:
                # Begin anew, so that the data stay small.
                server.start()
                with server.client() as client:
                    for writer in writers:
                        check(client, writer)
                    client.do("FLUSHALL")
                writers = [Idle(w.name) for w in writers]
                server.kill()
        server.start()
        with server.client() as client:
            for writer in writers:
                check(client, writer)
        server.stop()
    finally:
        server.kill()
        server.remove()
    print(f"{options.rounds} rounds, {steps} acknowledged steps, none lost")


if __name__ == "__main__":
    main()
