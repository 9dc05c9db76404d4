"""`policyd metrics --plot`, `--over` and `--watch`: metrics drawn in the terminal, as they are or over time."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from policyd.cli.keys import keys
from policyd.cli.output import Progress, Screen, note
from policyd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policyd.cli.context import Settings
    from policyd.pictures.tracks import Reading
    from policyd.reading.metrics import Family

    Read = Callable[[], Sequence[Family]]

WATCHED = 60.0
"""Seconds that --watch shows, unless --over says otherwise."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What shall be drawn: `over` seconds of it (None: what there is now), again and again with `watch`."""

    plot: bool = False
    top: int = 10
    over: float | None = None
    watch: bool = False

    @property
    def wanted(self) -> bool:
        return self.plot or self.over is not None or self.watch


def draw(settings: Settings, read: Read, drawing: Drawing) -> None:
    """Draw what `read` gives, now, over some seconds, or until `q` is pressed."""
    if drawing.watch:
        if not sys.stdout.isatty():
            raise UsageError("--watch draws on a terminal: `--over 60s` draws once, and can be written to a file")
        _watch(read, drawing)
        return
    if drawing.over is not None:
        _show(_over(gather(settings, read, drawing.over, _slices(drawing.over)), _columns(), drawing.top))
        return
    from policyd.sinks.plot import plot

    families = [*read()]
    if families:
        _show(plot(families, _columns(), drawing.top))
    else:
        note("no policy has metrics")


def gather(settings: Settings, read: Read, seconds: float, slices: int) -> list[Reading]:
    """Read again and again for so many seconds; Ctrl-C ends it early, with what was read until then."""
    from policyd.pictures.tracks import watch

    found: list[Reading] = []
    with Progress(settings) as progress:

        def sleep(pause: float) -> None:
            done = found[-1].when - found[0].when if found else 0.0
            progress.step(f"watching: {done:.0f} of {seconds:.0f} seconds; Ctrl-C ends it now")
            time.sleep(pause)

        try:
            for reading in watch(read, seconds, slices, sleep=sleep):
                found.append(reading)  # noqa: PERF402 (what was read stays, where it is ended early)
        except KeyboardInterrupt:
            if len(found) < 2:
                raise
    return found


def _watch(read: Read, drawing: Drawing) -> None:
    """Draw over the picture before, a slice of time after the other, until `q` or a signal."""
    from policyd.pictures.tracks import Reading

    seconds = drawing.over or WATCHED
    slices = _slices(seconds)
    kept = deque([Reading(time.monotonic(), tuple(read()))], maxlen=slices + 1)
    with keys() as pressed, Screen() as screen:
        try:
            while not pressed(seconds / slices):
                kept.append(Reading(time.monotonic(), tuple(read())))
                width, height = screen.size()
                lines = _encoded(_over([*kept], width, drawing.top)).splitlines()
                screen.draw([f"{_clock()}  a slice is {seconds / slices:.2g} s; q ends it"[:width], "", *lines][:height])
        except KeyboardInterrupt:
            return


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _slices(seconds: float) -> int:
    from policyd.pictures.heat import slices_of

    return slices_of(_columns(), seconds)


def _over(readings: Sequence[Reading], width: int, top: int) -> str:
    from policyd.pictures.heat import plot_over_time
    from policyd.pictures.tracks import tracks

    found = tracks(readings)
    return plot_over_time(found, width, top) if found else "no policy has metrics, or they are all empty\n"


def _show(text: str) -> None:
    click.echo(_encoded(text), nl=False)


def _encoded(text: str) -> str:
    from policyd.sinks.plot import in_encoding

    return in_encoding(text, sys.stdout.encoding)


def _columns() -> int:
    return shutil.get_terminal_size().columns
