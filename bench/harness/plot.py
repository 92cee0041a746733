"""Writes the plot as SVG with nothing but the standard library.

One panel a subject, one group of horizontal bars a row, the same colour for a server everywhere.
"""

from html import escape

COLOURS = {"redis": "#9aa5b1", "memcached": "#d8b26e", "tarn": "#1f7a8c"}
NAMES = {"redis": "redis-server", "memcached": "memcached", "tarn": "tarn-server"}
WIDTH = 860
LABEL_WIDTH = 210
VALUE_WIDTH = 90
BAR_HEIGHT = 13
GROUP_GAP = 9
PANEL_GAP = 46


def show(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    if value >= 1e4:
        return f"{value / 1e3:.0f} k"
    return f"{value:.3g}"


class Drawing:
    def __init__(self):
        self._parts = []
        self.y = 24

    def text(self, x, y, content, size=12, anchor="start", weight="normal", colour="#223"):
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{colour}">{escape(content)}</text>')

    def bar(self, x, y, width, colour):
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
                           f'height="{BAR_HEIGHT - 2}" rx="2" fill="{colour}"/>')

    def legend(self, servers):
        x = LABEL_WIDTH
        for server in servers:
            self.bar(x, self.y - 9, 12, COLOURS[server])
            self.text(x + 18, self.y, NAMES[server])
            x += 130
        self.y += 26

    def panel(self, title, groups):
        self.text(12, self.y, title, size=14, weight="bold")
        self.y += 14
        top = max(value for _, values in groups for value in values.values()) or 1
        room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
        for label, values in groups:
            middle = self.y + BAR_HEIGHT * len(values) / 2 + 3
            self.text(LABEL_WIDTH - 10, middle, label, anchor="end")
            for server, value in values.items():
                length = room * value / top
                self.bar(LABEL_WIDTH, self.y, length, COLOURS[server])
                self.text(LABEL_WIDTH + length + 6, self.y + BAR_HEIGHT - 4, show(value), size=10,
                          colour="#556")
                self.y += BAR_HEIGHT
            self.y += GROUP_GAP
        self.y += PANEL_GAP - GROUP_GAP

    def svg(self):
        body = "\n".join(self._parts)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.y:.0f}" '
                f'font-family="Helvetica, Arial, sans-serif">\n'
                f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')


def write_svg(path, bars):
    """`bars` is a list of (panel title, group label, {server: value})."""
    panels = {}
    for title, label, values in bars:
        known = {server: value for server, value in values.items() if value is not None}
        if known:
            panels.setdefault(title, []).append((label, known))
    drawing = Drawing()
    seen = {server for groups in panels.values() for _, values in groups for server in values}
    drawing.legend([server for server in COLOURS if server in seen])
    for title, groups in panels.items():
        drawing.panel(title, groups)
    path.write_text(drawing.svg())
