# SPDX-License-Identifier: Apache-2.0
"""Figures of a cell, and whether they reach the goals."""
import json
import statistics
import sys
from dataclasses import dataclass

FLOORS = ("c-epoll", "c-uring")
GOAL = 1.05
CELLS_TO_REACH = 10
LEVEL = 1.02  # a peer is level that is not further ahead, or whose quartiles overlap with Rondo's
GOAL_SERVERS = ("rondo-epoll", "rondo-uring")


@dataclass(frozen=True)
class Figure:
    """Of a server: the median and the quartiles of its starts, each the median of its rounds."""
    median: float
    low: float
    high: float
    ratio: float | None  # to the cheaper floor: of each round; the median of a start; of the starts


def summarise(starts):
    """{server: Figure}, and the name of the cheaper floor; starts: [{server: [round by round]}]"""
    medians = {name: [statistics.median(start[name]) for start in starts] for name in starts[0]}
    floors = [name for name in FLOORS if name in medians]
    base = min(floors, key=lambda name: statistics.median(medians[name])) if floors else None
    figures = {}
    for name, values in medians.items():
        low, middle, high = (statistics.quantiles(values, n=4, method="inclusive")
                             if len(values) > 1 else values * 3)
        ratio = None
        if base is not None:
            ratio = statistics.median(ratio_in(start, name, base) for start in starts)
        figures[name] = Figure(middle, low, high, ratio)
    return figures, base


def ratio_in(start, name, base):
    return statistics.median(a / b for a, b in zip(start[name], start[base], strict=True))


def verdict(name, figures):
    figure = figures[name]
    if name in FLOORS or figure.ratio is None:
        return ""
    if name.startswith("rondo"):
        return "within 1.05" if figure.ratio <= GOAL else "above 1.05"
    rivals = [figures[rival] for rival in GOAL_SERVERS if rival in figures]
    if not rivals or figure.ratio > min(rival.ratio for rival in rivals):
        return ""
    best = min(rivals, key=lambda rival: rival.ratio)
    is_level = figure.ratio * LEVEL >= best.ratio or figure.high >= best.low
    return "level" if is_level else "AHEAD"


def print_cell(cell, figures, base, note):
    connections, size = cell
    print(f"{connections} connections x {size} B{note}: us a request; base {base or 'none'}")
    for name, figure in figures.items():
        ratio = "" if figure.ratio is None else f"{figure.ratio:8.3f}"
        print(f"  {name:20}{figure.median:9.2f}  ({figure.low:.2f} .. {figure.high:.2f})".ljust(56)
              + f"{ratio:>8}  {verdict(name, figures)}".rstrip())
    sys.stdout.flush()


def missed_goals(results):
    """Sentences; results: {cell: figures} of all cells."""
    for name in GOAL_SERVERS:
        reached = sum(1 for figures in results.values() if name in figures
                      and (figures[name].ratio or 9) <= GOAL)
        print(f"{name}: within {GOAL} of the cheaper C server in {reached} of {len(results)} cells")
        if reached < CELLS_TO_REACH:
            yield f"{name} reaches {reached} cells, the goal is {CELLS_TO_REACH}"
    for (connections, size), figures in results.items():
        for name in figures:
            if verdict(name, figures) == "AHEAD":
                yield f"{name} is ahead of Rondo at {connections} x {size} B"


def write_json(path, results):
    tree = {f"{connections}x{size}": {name: vars(figure) for name, figure in figures.items()}
            for (connections, size), figures in results.items()}
    path.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
