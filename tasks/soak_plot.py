# SPDX-License-Identifier: MIT OR Apache-2.0
"""Quantities over time as plain SVG: one panel above the other, each with its own unit. Pure.

Axes begin at zero, so that what is flat looks flat and what grows by a tenth looks like a tenth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tasks.bench_plot import LINE, OTHERS, OURS, WIDTH, svg, text
from tasks.bench_table import number

PANEL: Final = 190
TOP: Final = 30
LEFT: Final = 60
RIGHT: Final = 150
BETWEEN: Final = 34
STEPS: Final = (1.0, 2.0, 5.0, 10.0)
Points = Sequence[tuple[float, float]]


class Panel(NamedTuple):
    """One unit, and what is measured in it: name to (minutes, value), values 0 or more."""

    unit: str
    series: Mapping[str, Points]


def ceiling(value: float) -> float:
    """The next 1, 2 or 5 of some power of ten."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    while power > value > 0:
        power /= 10
    return next(step * power for step in STEPS if step * power >= value)


def timeline(title: str, panels: Sequence[Panel]) -> str:
    """All panels over one axis of minutes.

    Args:
        title: Shown above.
        panels: From top to bottom, each with a point at least.
    """
    last = max(x for panel in panels for some in panel.series.values() for x, _ in some)
    x_most = ceiling(last) if last > 0 else 1.0
    height = TOP + len(panels) * (PANEL + BETWEEN)
    parts = [text(0, 16, title, ' class="t"')]
    colours = iter((OURS, *OTHERS))
    for at, panel in enumerate(panels):
        top = TOP + at * (PANEL + BETWEEN)
        y_most = ceiling(max((y for some in panel.series.values() for _, y in some), default=1.0))
        parts += _axes(panel.unit, top, x_most, y_most, last)
        named: list[float] = []
        for name, some in panel.series.items():
            colour = next(colours)
            drawn = [
                (_across(x, last), round(top + PANEL - y / (y_most or 1) * PANEL, 1))
                for x, y in some
            ]
            path = "L".join(f"{x:g} {y:g}" for x, y in drawn)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            end_x, end_y = drawn[-1]
            while any(abs(end_y - other) < LINE for other in named):
                end_y -= LINE
            named.append(end_y)
            parts.append(text(end_x + 8, end_y + 4, name, f' style="fill:{colour}"'))
    return svg(WIDTH, height, title, parts)


def _across(x: float, last: float) -> float:
    return round(LEFT + x / (last or 1) * (WIDTH - LEFT - RIGHT), 1)


def _axes(unit: str, top: float, x_most: float, y_most: float, last: float) -> list[str]:
    parts = [text(LEFT + 4, top + 12, unit, ' class="a"')]
    for share in (0.0, 0.5, 1.0):
        y = top + PANEL - share * PANEL
        parts.append(f'<path class="g" d="M{LEFT} {y:g}H{WIDTH - RIGHT}"/>')
        parts.append(text(LEFT - 8, y + 4, number(share * y_most), ' text-anchor="end"'))
    step = x_most / 10 if x_most / 10 * 8 >= last else x_most / 5
    minute = 0.0
    while minute <= last:
        x = _across(minute, last)
        parts.append(f'<path class="g" d="M{x:g} {top}V{top + PANEL}"/>')
        label = f"{minute:g} min" if not minute else f"{minute:g}"
        parts.append(text(x, top + PANEL + 16, label, ' text-anchor="middle"'))
        minute = round(minute + step, 6)
    return parts
