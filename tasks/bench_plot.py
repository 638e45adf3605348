# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two kinds of plot as plain SVG text: bars beside each other, and lines over a growing size. Pure.

Colours are legible on white and on black, text takes the reader's own colour where it can, and the
same figures are the same bytes, so that a plot in git changes only when its figures do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from tasks.bench_table import number

WIDTH: Final = 720
BAR: Final = 18
LABELS: Final = 250
VALUES: Final = 110
HEIGHT: Final = 360
MARGINS: Final = (40, 150, 48, 70)
"""Of a line plot: top, right (for the lines' names), bottom, left."""
LINE: Final = 14
OURS: Final = "#0b7a75"
OTHERS: Final = ("#b5651d", "#6a5acd", "#8b8b00", "#b03060", "#4682b4", "#777777")
STYLE: Final = (
    "<style>text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:14px}"
    ".g{stroke:#8886;stroke-width:1}.a{fill:#777}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>"
)


def svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """A picture of parts."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img">\n<title>{escape(title)}</title>\n'
        f"{STYLE}\n" + "\n".join(parts) + "\n</svg>\n"
    )


def text(x: float, y: float, words: str, extra: str = "") -> str:
    """Words at a place; `extra`: attributes."""
    return f'<text x="{x:g}" y="{y:g}"{extra}>{escape(words)}</text>'


def bars(title: str, unit: str, values: Sequence[tuple[str, float]], first: int = 1) -> str:
    """Horizontal bars from zero, the shortest way to show a ratio.

    Args:
        title: Shown above.
        unit: Of the values.
        values: Label and value, 0 or more, from top to bottom.
        first: How many of them are ours.
    """
    largest = max((value for _, value in values), default=0) or 1
    room = WIDTH - LABELS - VALUES
    parts = [text(0, 16, f"{title} ({unit})", ' class="t"')]
    for at, (label, value) in enumerate(values):
        y = 30 + at * (BAR + 8)
        length = round(max(1.0, value / largest * room), 1)
        colour = OURS if at < first else OTHERS[0]
        parts.append(text(LABELS - 8, y + 13, label, ' text-anchor="end"'))
        parts.append(
            f'<rect x="{LABELS}" y="{y}" width="{length:g}" height="{BAR}" rx="2" fill="{colour}"/>'
        )
        parts.append(text(LABELS + length + 6, y + 13, number(value)))
    return svg(WIDTH, 34 + len(values) * (BAR + 8), title, parts)


def lines(
    title: str, x_unit: str, y_unit: str, series: Mapping[str, Sequence[tuple[float, float]]]
) -> str:
    """Lines over logarithmic axes, where proportional cost is a straight line of slope one.

    Args:
        title: Shown above.
        x_unit: What grows.
        y_unit: What it costs.
        series: Name to points, both coordinates above 0; the first is ours.
    """
    points = [point for some in series.values() for point in some if min(point) > 0]
    if not points:
        return svg(WIDTH, HEIGHT, title, [text(0, 16, f"{title}: nothing measured")])
    top, right, bottom, left = MARGINS
    (x_low, x_high), (y_low, y_high) = (
        _decades([point[axis] for point in points]) for axis in (0, 1)
    )

    def across(x: float) -> float:
        share = (math.log10(x) - x_low) / (x_high - x_low)
        return round(left + share * (WIDTH - left - right), 1)

    def up(y: float) -> float:
        share = (math.log10(y) - y_low) / (y_high - y_low)
        return round(HEIGHT - bottom - share * (HEIGHT - top - bottom), 1)

    parts = [text(0, 16, title, ' class="t"'), text(0, 34, y_unit, ' class="a"')]
    for power in range(x_low, x_high + 1):
        x = across(10**power)
        parts.append(f'<path class="g" d="M{x:g} {top}V{HEIGHT - bottom}"/>')
        parts.append(text(x, HEIGHT - bottom + 18, _power(power), ' text-anchor="middle"'))
    for power in range(y_low, y_high + 1):
        y = up(10**power)
        parts.append(f'<path class="g" d="M{left} {y:g}H{WIDTH - right}"/>')
        parts.append(text(left - 8, y + 4, _power(power), ' text-anchor="end"'))
    parts.append(text(WIDTH - right, HEIGHT - 8, x_unit, ' class="a" text-anchor="end"'))
    named: list[float] = []
    for at, (name, some) in enumerate(series.items()):
        drawn = [(across(x), up(y)) for x, y in some if min(x, y) > 0]
        if not drawn:
            continue
        colour = OURS if at == 0 else OTHERS[(at - 1) % len(OTHERS)]
        path = "L".join(f"{x:g} {y:g}" for x, y in drawn)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{colour}"/>' for x, y in drawn]
        end_x, end_y = drawn[-1]
        while any(abs(end_y - other) < LINE for other in named):  # names do not cover each other
            end_y += LINE
        named.append(end_y)
        parts.append(text(end_x + 8, end_y + 4, name, f' style="fill:{colour}"'))
    return svg(WIDTH, HEIGHT, title, parts)


def _power(power: int) -> str:
    return f"{10.0**power:,g}"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some values, at least one apart."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)
