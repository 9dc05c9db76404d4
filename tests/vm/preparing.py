"""Compile on the host what a guest will load: clang under emulation would take minutes.

In: a saved profile of the guest's kernel.  Out: the directory that is the guest's object cache.  Called by `lane.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kernels import LaneError
from stages import FOLDER, KINDS, PORTABLE, replaced

from policyd.assembly import resolve_all
from policyd.builders.cache import ObjectCache
from policyd.builders.clang import ClangBuilder
from policyd.cli.render import bound_units
from policyd.parsing import load, parse_policies
from policyd.policy import Policy
from policyd.resolve import Host
from policyd.target import Target
from policyd.toolchain import Toolchain

GUEST = Host({"lo": "ethernet"}, "/sys/fs/cgroup", lambda _: True)
"""What a guest has: one interface, cgroup v2 alone."""


def compile_for(profile: Path, objects: Path) -> int:
    """Compile every stage for a kernel; return how many objects the cache then holds."""
    for policies in _stages():
        _compile(policies, Target.load(profile), objects)
    return len(list(objects.iterdir()))


def compile_portable(profile: Path, objects: Path) -> None:
    """Compile, for the kernel of `profile`, what guests with other kernels load too."""
    _compile(load((str(PORTABLE),)).policies, Target.load(profile), objects)


def _stages() -> Iterator[tuple[Policy, ...]]:
    yield load((str(FOLDER),)).policies
    for kind in KINDS:
        for text in replaced(kind):
            yield parse_policies(text.encode(), kind.name).require()


def _compile(policies: tuple[Policy, ...], target: Target, objects: Path) -> None:
    objects.mkdir(mode=0o700, exist_ok=True)
    typed, problems = resolve_all(policies, target, GUEST)
    wrong = [str(problem) for problem in problems if problem.severity == "error"]
    if wrong:
        raise LaneError(f"on {target.release}: " + "; ".join(wrong))
    errors = Toolchain(target, ClangBuilder(ObjectCache(objects))).compile_all(bound_units(typed))
    if errors:
        raise LaneError(f"for {target.release}: {next(iter(errors.values()))}")
