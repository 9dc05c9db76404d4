"""Stacks as pictures take them: in, series and what names their frames; out, `Sample`s of names from the outermost inwards.

Equal ones are put together: two processes that ran the same functions are one sample, unless their labels differ.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policyd.stack import FrameNames, NamedStack, StackSeries, Symbol

LONGEST_LABEL = 200


class Kind(StrEnum):
    """What a frame is: it decides its colour."""

    LABEL = "label"
    USER = "user"
    MADE = "made"
    KERNEL = "kernel"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Frame:
    """A function by name, in a file or a kernel module; all of it is safe to show."""

    name: str
    kind: Kind
    module: str = ""


CUT_USER = Frame("[truncated]", Kind.UNKNOWN, "user")
CUT_KERNEL = Frame("[truncated]", Kind.UNKNOWN, "kernel")
"""Stands where there were more frames than were kept."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was counted or summed for one stack; `labels` are (column, text)."""

    frames: tuple[Frame, ...]
    value: int
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def labelled(self) -> tuple[Frame, ...]:
        """The frames, with the labels as outermost ones: `nginx` below which all of nginx' functions are."""
        return (*(Frame(text or column, Kind.LABEL, column) for column, text in self.labels), *self.frames)


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the stacks is taken: `by` are the labels that keep samples apart (None: all)."""

    kernel: bool = True
    user: bool = True
    by: tuple[str, ...] | None = None


def make_samples(series: Iterable[StackSeries], names: FrameNames, choice: Choice = Choice()) -> tuple[Sample, ...]:
    """Return the samples, the largest first; stacks of which nothing is taken count for their labels alone."""
    found: Counter[tuple[tuple[Frame, ...], tuple[tuple[str, str], ...]]] = Counter()
    for one in series:
        labels = tuple(
            (column, safe(text, LONGEST_LABEL)) for column, text in one.labels if choice.by is None or column in choice.by
        )
        found[frames_of(names.stack(one.stack), choice), labels] += one.value
    return _sorted(found)


def renamed(samples: Sequence[Sample], names: Mapping[str, str]) -> tuple[Sample, ...]:
    """Return the samples with functions called as `names` says, equal ones together, the largest first."""
    found: Counter[tuple[tuple[Frame, ...], tuple[tuple[str, str], ...]]] = Counter()
    for one in samples:
        frames = tuple(replace(frame, name=names.get(frame.name, frame.name)) for frame in one.frames)
        found[frames, one.labels] += one.value
    return _sorted(found)


def _sorted(found: Counter[tuple[tuple[Frame, ...], tuple[tuple[str, str], ...]]]) -> tuple[Sample, ...]:
    rows = sorted(found.items(), key=lambda row: (-row[1], row[0][1], [frame.name for frame in row[0][0]]))
    return tuple(Sample(frames, value, labels) for (frames, labels), value in rows)


def frames_of(stack: NamedStack, choice: Choice = Choice()) -> tuple[Frame, ...]:
    """Return the frames of a stack from the outermost inwards: the user's, then those of the kernel that they called."""
    found: list[Frame] = []
    if choice.user:
        found += [CUT_USER] if stack.user_cut else []
        found += _believable([_user_frame(symbol) for symbol in reversed(stack.user)])
    if choice.kernel:
        found += [CUT_KERNEL] if stack.kernel_cut else []
        found += map(_kernel_frame, reversed(stack.kernel))
    return tuple(found)


def _believable(frames: list[Frame]) -> Iterator[Frame]:
    """Yield the frames of a program with each run of nameless ones as short as it can be told.

    Programs without frame pointers have stacks of chance numbers.  So a run with a frame in no file is one `[unknown]`, but
    for the innermost frame, which is the processor's own; of one file's nameless functions in a row there is one.
    """
    for nameless, run in groupby(frames, key=lambda frame: frame.kind is Kind.UNKNOWN):
        found = list(run)
        last = found[-1]
        if nameless and not all(frame.module for frame in found):
            yield from [Frame("[unknown]", Kind.UNKNOWN), *([last] if last is frames[-1] and last.module else [])]
        elif nameless:
            yield from (frame for frame, _ in groupby(found))
        else:
            yield from found


def _user_frame(symbol: Symbol) -> Frame:
    made = symbol.module.startswith("perf-") and symbol.module.endswith(".map")
    kind = Kind.UNKNOWN if not symbol.name else Kind.MADE if made else Kind.USER
    return Frame(symbol.label, kind, symbol.module)


def _kernel_frame(symbol: Symbol) -> Frame:
    return Frame(symbol.label if symbol.name else "[kernel]", Kind.KERNEL, symbol.module or "kernel")
