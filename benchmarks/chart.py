# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bar chart of seconds as SVG: a bar to the median, a dot for every round."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WIDTH = 760
# Where the bars begin and end, in pixels from the left.
LEFT, RIGHT = 150, 690
BAR, ROW, GROUP, TOP = 22, 34, 52, 84
COLOURS = ("#2f6fab", "#8a949e")
INK, PALE = "#1f2933", "#d5dadf"


def text(x: float, y: float, words: str, size: int = 13, anchor: str = "start", weight: str = "normal") -> str:
    """Return one line of text."""
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} fill="{INK}">{escape(words)}</text>'


def step(longest: float) -> float:
    """Return the distance of the axis's marks in seconds, so that there are at most eight."""
    return next((size for size in (0.5, 1, 2, 5, 10, 20, 50) if longest / size <= 8), 100)


class Scale:
    """Seconds to pixels, over a whole number of the axis's marks."""

    def __init__(self, longest: float) -> None:
        """Fit the longest time, in seconds."""
        self.step = step(longest)
        self.count = int(longest / self.step) + 1

    def __call__(self, seconds: float) -> float:
        """Return the pixels from the left."""
        return LEFT + (RIGHT - LEFT) * seconds / (self.count * self.step)


def axis(scale: Scale, bottom: float) -> Iterator[str]:
    """Yield the vertical lines with their seconds."""
    for number in range(scale.count + 1):
        x = scale(number * scale.step)
        yield f'<line x1="{x:.1f}" y1="{TOP - 12}" x2="{x:.1f}" y2="{bottom:.1f}" stroke="{PALE}"/>'
        yield text(x, bottom + 18, f"{number * scale.step:g} s", 12, "middle")


def contender(scale: Scale, y: float, name: str, colour: str, median: float, rounds: list[float]) -> Iterator[str]:
    """Yield one contender's bar, with its name before and its median after it."""
    middle = y + BAR / 2
    yield text(LEFT - 10, middle + 4, name, anchor="end")
    yield f'<rect x="{LEFT}" y="{y:.1f}" width="{scale(median) - LEFT:.1f}" height="{BAR}" fill="{colour}"/>'
    for seconds in rounds:
        yield f'<circle cx="{scale(seconds):.1f}" cy="{middle:.1f}" r="3.5" fill="white" stroke="{INK}"/>'
    yield text(scale(max(rounds)) + 10, middle + 4, f"{median:.1f} s", weight="bold")


def group(scale: Scale, y: float, title: str, result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the bars of one phase under its title, which tells the ratio."""
    _ours, other = result["seconds"]
    ratio = f"{result['ratio']:.2f} times {other} (goal: at most {result['goal']:g})"
    yield text(LEFT, y + 8, f"{title}: {ratio}", weight="bold")
    for number, (name, rounds) in enumerate(result["seconds"].items()):
        yield from contender(scale, y + 18 + number * ROW, name, COLOURS[number], result["median"][name], rounds)


def draw(title: str, caption: str, phases: Mapping[str, str], results: Mapping[str, Any]) -> str:
    """Return the chart as an SVG document.

    :param title: heading.
    :param caption: line below the chart.
    :param phases: name and description of every group of bars.
    :param results: of every phase ``seconds`` and ``median`` of every contender, ``ratio`` and ``goal``.
    """
    longest = max(max(rounds) for result in results.values() for rounds in result["seconds"].values())
    scale, height = Scale(longest), GROUP + 2 * ROW
    bottom = TOP + height * len(phases) - 20
    parts = [text(20, 32, title, 17, weight="bold"), *axis(scale, bottom)]
    parts.append(text(20, 52, "Bar: median. Dot: one round.", 12))
    for number, (name, description) in enumerate(phases.items()):
        parts.extend(group(scale, TOP + number * height, f"{name}, {description}", results[name]))
    parts.append(text(20, bottom + 44, caption, 11))
    size = f'width="{WIDTH}" height="{bottom + 58:.0f}" viewBox="0 0 {WIDTH} {bottom + 58:.0f}"'
    body = "\n".join(["<rect width='100%' height='100%' fill='white'/>", *parts])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" role="img">\n{body}\n</svg>\n'


class Decades:
    """Seconds to pixels, by powers of ten."""

    def __init__(self, shortest: float, longest: float) -> None:
        """Fit all times, in seconds."""
        self.first = math.floor(math.log10(shortest))
        self.last = math.ceil(math.log10(longest))

    def __call__(self, seconds: float) -> float:
        """Return the pixels from the left."""
        return WIDE + (RIGHT - WIDE) * (math.log10(seconds) - self.first) / (self.last - self.first)


WIDE = 300
"""Where bars with long names begin, in pixels from the left."""


def draw_times(document: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return a chart of the benchmark of resources as an SVG document: seconds by powers of ten, and how they grow.

    :param document: What ``resources.json`` holds.
    :param names: What every contender is called.
    """
    phases, growth = document["phases"], document.get("growth", {})
    every = [one["median"] for phase in phases.values() for one in phase.values()]
    every += [one[run] for one in growth.values() for run in ("first", "second")]
    scale = Decades(min(every), max(every))
    y, parts = float(TOP), []
    for phase, words in (("first", "first run: everything is created"), ("second", "second run: nothing changes")):
        parts.append(text(20, y, f"1,000 objects, {words}", weight="bold"))
        y += 14
        for name, label in names.items():
            parts += _bar(scale, y, label, phases[phase][name]["median"], COLOURS[name != "resources"])
            y += ROW
        y += 22
    if growth:
        parts.append(text(20, y, "the module resources, by number of objects", weight="bold"))
        y += 14
        for size, one in growth.items():
            for run, label in (("first", f"{int(size):,} created"), ("second", f"{int(size):,} unchanged")):
                parts += _bar(scale, y, label, one[run], COLOURS[0])
                y += ROW
    lines = []
    for power in range(scale.first, scale.last + 1):
        x = scale(10.0**power)
        lines.append(f'<line x1="{x:.1f}" y1="{TOP + 4}" x2="{x:.1f}" y2="{y:.1f}" stroke="{PALE}"/>')
        lines.append(text(x, y + 18, f"{10.0**power:g} s", 12, "middle"))
    heading = [
        text(20, 32, "Many objects at once", 17, weight="bold"),
        text(20, 52, "Medians; each line is ten times the one before.", 12),
    ]
    size = f'width="{WIDTH}" height="{y + 40:.0f}" viewBox="0 0 {WIDTH} {y + 40:.0f}"'
    body = "\n".join(["<rect width='100%' height='100%' fill='white'/>", *heading, *lines, *parts])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" role="img">\n{body}\n</svg>\n'


def _bar(scale: Decades, y: float, label: str, seconds: float, colour: str) -> Iterator[str]:
    width = scale(seconds) - WIDE
    yield text(WIDE - 10, y + BAR / 2 + 4, label, 12, "end")
    yield f'<rect x="{WIDE}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{BAR}" fill="{colour}"/>'
    yield text(scale(seconds) + 8, y + BAR / 2 + 4, f"{seconds:,.1f} s", 12, weight="bold")
