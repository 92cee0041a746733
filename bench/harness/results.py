"""Samples, their medians, tables, and the comparison with the bars of the design."""

import statistics
from dataclasses import dataclass, field


class Data:
    """Samples of one section: server → metric → one number a round."""

    def __init__(self):
        self._samples = {}

    def add(self, server, metrics):
        mine = self._samples.setdefault(server, {})
        for name, value in metrics.items():
            mine.setdefault(name, []).append(value)

    def servers(self):
        return list(self._samples)

    def samples(self, server, metric):
        return self._samples.get(server, {}).get(metric, [])

    def median(self, server, metric):
        values = self.samples(server, metric)
        return statistics.median(values) if values else None

    def ratio(self, metric, server="tarn", base="redis"):
        mine, theirs = self.median(server, metric), self.median(base, metric)
        if mine is None or not theirs:
            return None
        return mine / theirs

    def cell(self, server, metric, show):
        """The median, and the range when there was more than one round."""
        values = self.samples(server, metric)
        if not values:
            return "–"
        text = show(statistics.median(values))
        if len(values) > 1:
            text += f" ({show(min(values))} … {show(max(values))})"
        return text

    def as_json(self):
        return self._samples


@dataclass
class Check:
    """One line of the summary: what was measured, against what, and whether it is enough."""

    name: str
    others: str  # the servers compared with
    tarn: str
    ratio: str
    bar: str
    passed: bool | None  # None: not measured, or no bar

    @property
    def verdict(self):
        return {True: "PASS", False: "FAIL", None: "–"}[self.passed]


def at_least(value, bar):
    return None if value is None or bar is None else value >= bar


def at_most(value, bar):
    return None if value is None or bar is None else value <= bar


@dataclass
class Table:
    title: str
    columns: list
    rows: list = field(default_factory=list)

    def markdown(self):
        def line(cells):
            return "| " + " | ".join(str(cell) for cell in cells) + " |"

        rule = "|" + "|".join("---" for _ in self.columns) + "|"
        return "\n".join([f"### {self.title}", "", line(self.columns), rule,
                          *(line(row) for row in self.rows), ""])

    def text(self):
        cells = [[str(cell) for cell in row] for row in [self.columns, *self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                 for row in cells]
        return "\n".join([self.title, "-" * len(self.title), *lines, ""])


@dataclass
class Report:
    """What a section has to show."""

    tables: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    bars: list = field(default_factory=list)  # for the plot: (panel, label, {server: value})
    notes: list = field(default_factory=list)


def checks_table(title, checks, heading="others"):
    rows = [[c.name, c.others, c.tarn, c.ratio, c.bar, c.verdict] for c in checks]
    return Table(title, ["", heading, "tarn", "ratio", "bar", ""], rows)


# --- How numbers are shown -----------------------------------------------------------------------


def kilo(value):
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"


def fixed(digits, unit=""):
    def show(value):
        return f"{value:.{digits}f}{unit}"

    return show


def milliseconds_from_us(value):
    return f"{value / 1000:.2f} ms"


def times(value):
    return "–" if value is None else f"{value:.2f}×"


def qualified(value, by):
    """A ratio, and by what it was measured."""
    return "–" if value is None else f"{times(value)} {by}"
