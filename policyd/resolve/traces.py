"""Places of tracepoint hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.resolve.arguments import TracepointArguments
from policyd.resolve.packets import Known, match_names
from policyd.resolve.place import Place
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.prototypes import raw_arguments
from policyd.unit import AttachPoint
from policyd.vocabulary.hooks import hook_kind, whose_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.policy import RawTracepointHook, TracepointHook
    from policyd.target import Target

Found = tuple[list[Place], list[Missing]]

MOST_POINTS = 512
"""Attach points that one rule may make: a glob over every tracepoint of the kernel is a mistake."""


# ------------------------------------------------------------------------------------------------ tracepoints


def tracepoint_places(hook: TracepointHook, target: Target) -> Found:
    """Return a place a tracepoint."""
    names, missing = match_names(hook.names, _known(target.tracepoint, target.tracepoints), "tracepoint")
    _check_many(names)
    places = [
        Place(
            AttachPoint("tracepoint", name),
            hook_kind("tracepoint"),
            f"tracepoint:{name}",
            name,
            TracepointArguments(target.tracepoint(name)),
            actor=whose_process(name),
        )
        for name in names
    ]
    return places, missing


def raw_tracepoint_places(hook: RawTracepointHook, target: Target) -> Found:
    """Return a place a raw tracepoint."""
    names, missing = match_names(hook.names, _known(target.raw_tracepoint, target.raw_tracepoints), "raw tracepoint")
    _check_many(names)
    places = [
        Place(
            AttachPoint("raw_tracepoint", name),
            hook_kind("raw_tracepoint"),
            f"raw_tracepoint:{name}",
            name,
            raw_arguments(target, name),
            actor=whose_process(name),
        )
        for name in names
    ]
    return places, missing


def _known(find: Callable[[str], object], names: Callable[[], tuple[str, ...]]) -> Known:
    """Ask a target for one name: it reads one file, where a list of all reads a thousand directories."""

    def has(name: str) -> bool:
        try:
            find(name)
        except TargetError:
            return False
        return True

    return Known(has, names)


def _check_many(names: list[str]) -> None:
    if len(names) > MOST_POINTS:
        raise Wrong("too-many-hooks", f"{len(names)} tracepoints match, more than {MOST_POINTS}: name fewer")
