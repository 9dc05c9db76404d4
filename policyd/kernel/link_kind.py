"""What `links.py` must know of each kind of attach point, and what the modules that say it share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import KernelError
from policyd.unit import AttachPoint

if TYPE_CHECKING:
    from policyd.vocabulary.attach import AttachKind

Hint = str | Callable[[AttachPoint], str]
Hints = dict[int, Hint]

_EVENT_SOURCES = Path("/sys/bus/event_source/devices")


@dataclass(frozen=True, slots=True)
class PerCpu:
    """Which CPUs take a link of their own at a point now, and how one of them is given it."""

    cpus: Callable[[AttachPoint], tuple[int, ...]]
    attach: Callable[[AttachPoint, AttachKind, int, int], int]


@dataclass(frozen=True, slots=True)
class LinkKind:
    """How one kind of attach point is attached and found; `hints` explain the errnos that this kind can meet.

    `per_cpu`: it takes a link a CPU; `attach` makes the first one's.
    """

    attach: Callable[[AttachPoint, AttachKind, int], int]
    locate: Callable[[AttachPoint, AttachKind], str | None]
    hints: Hints = field(default_factory=dict)
    per_cpu: PerCpu | None = None


def what(point: AttachPoint) -> str:
    """Return the words that open an error's message."""
    return f"attach to {point.key}"


def missing(point: AttachPoint, code: int) -> KernelError:
    """Return the error of a place where nothing can be attached; `code` says why."""
    return KernelError(what(point), code)


def event_source(name: str) -> int | None:
    """Return the number of a kind of perf events (`kprobe`, `uprobe`), None if this kernel was built without it."""
    try:
        return int((_EVENT_SOURCES / name / "type").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def returning(point: AttachPoint) -> str:
    """Return how the target of a link tells that it runs at the end of functions."""
    return ":return" if point.option == "return" else ""
