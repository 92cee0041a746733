"""MULTI and what belongs to it. Whatever a batch leaves open, the run closes (see run.plan)."""

from grammar import Family, key, noise, maybe, repeat, row

ROWS = [
    row(8, "MULTI", maybe(0.02, noise)),
    row(10, "EXEC", maybe(0.02, noise)),
    row(2, "DISCARD"),
    row(3, "WATCH", repeat(1, 3, key)),
    row(1, "UNWATCH"),
]

FAMILY = Family("transactions", ROWS, requires=("MULTI", "WATCH"))
