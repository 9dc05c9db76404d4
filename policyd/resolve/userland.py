"""Places of hooks in programs and libraries: functions by name or offset, and USDT probes.

Where the target has uprobe_multi, the places of one hook whose arguments lie alike are one attach point: one program, one
link, and no CAP_SYS_ADMIN (which single uprobes take since Linux 6.16).  Elsewhere each place is an attach point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policyd.elf import ElfError
from policyd.places import Location, UserPlace, uprobe, uprobe_multi
from policyd.resolve.packets import is_glob
from policyd.resolve.place import Place
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.user_arguments import FunctionArguments, UsdtArguments, declared
from policyd.resolve.user_names import matching_probes, matching_symbols
from policyd.text import quote
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.registers import REGISTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policyd.elf import Binary, UsdtProbe
    from policyd.host import Host
    from policyd.places import Option
    from policyd.policy import FileHook, UprobeHook, UretprobeHook, UsdtHook
    from policyd.resolve.place import Arguments, Phase
    from policyd.target import Target
    from policyd.unit import AttachPoint

Found = tuple[list[Place], list[Missing]]

MULTI = "uprobe_multi"


def user_places(hook: UprobeHook | UretprobeHook, target: Target, host: Host) -> Found:
    """Return the places of functions in a file: one for all of them, or one each."""
    binary = _binary(hook, target, host)
    spots, missing = _spots(hook, binary)
    _check_count(hook, len(spots), "functions")
    if not spots:
        return [], missing
    arguments = FunctionArguments(REGISTERS[target.arch], declared(hook.args), hook.ret, at_return=hook.phase == "exit")
    places = _Placing(hook, target, binary, hook.phase).places(spots, arguments)
    if hook.phase == "exit":
        begins = _Placing(hook, target, binary, "enter").places(spots, replace(arguments, at_return=False))
        places = [replace(end, entry=begin) for end, begin in zip(places, begins, strict=True)]
    return places, missing


def usdt_places(hook: UsdtHook, target: Target, host: Host) -> Found:
    """Return the places of USDT probes: those of one probe where the compiler has the arguments alike go together."""
    binary = _binary(hook, target, host)
    probes, missing = matching_probes(hook.provider, hook.names, binary)
    _check_count(hook, len(probes), "places of probes")
    placing, types = _Placing(hook, target, binary, ""), declared(hook.args)
    places = []
    for group in _alike(probes):
        arguments = UsdtArguments(REGISTERS[target.arch], group[0], types)
        spots = [Spot(group[0].key, Location(probe.offset, probe.semaphore)) for probe in group]
        places += placing.places(spots, arguments, one_name=True)
    return places, missing


# ------------------------------------------------------------------------------------------------ the file


def _binary(hook: FileHook, target: Target, host: Host) -> Binary:
    """Return the file that a hook names; `Missing` if it is not there, not for this target, or not the pinned one."""
    if host.binaries is None:
        message = f"what is in {quote(hook.place)} can only be told on a host that has it"
        raise Missing("target-unknown", message, "leave --target out there; `optional: true` leaves the rule out here")
    try:
        binary = host.binaries.open(hook.place)
    except ElfError as error:
        raise Missing("unknown-target", str(error)) from error
    if binary.machine != target.arch:
        raise Missing("unknown-target", f"{quote(binary.path)} is for {binary.machine}, the target is {target.arch}")
    if hook.build_id and binary.build_id != hook.build_id:
        found = f"has the build id {binary.build_id}" if binary.build_id else "has no build id"
        message = f"{quote(binary.path)} {found}, the policy is for {hook.build_id}"
        raise Missing("unknown-target", message, "check the hook against the new file, then change `buildId`")
    return binary


def _check_count(hook: FileHook, count: int, what: str) -> None:
    if count > hook.limit:
        message = f"{count:,} {what} of {quote(hook.place)} match, more than {hook.limit:,}"
        raise Wrong("too-many-hooks", message, f"name fewer, or set `limit: {count}`")


# ------------------------------------------------------------------------------------------------ places in it


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file, and the name that `hook.name` gives it."""

    name: str
    location: Location


def _spots(hook: UprobeHook | UretprobeHook, binary: Binary) -> tuple[list[Spot], list[Missing]]:
    if hook.phase == "exit" and binary.is_go:
        message = f"{quote(binary.path)} is written in Go, whose stacks move: a hook at a return would break it"
        raise Wrong("would-break", message, "hook calls: `uprobe` with phase: enter")
    if not hook.names:
        return [_at_offset(hook, binary)], []
    symbols, missing = matching_symbols(hook.names, binary)
    if hook.offset:
        _check_offset(hook, [symbol.size for _, symbol in symbols])
        symbols = [(f"{name}+{hook.offset:#x}", replace(one, offset=one.offset + hook.offset)) for name, one in symbols]
    return [Spot(name, Location(symbol.offset)) for name, symbol in symbols], missing


def _check_offset(hook: UprobeHook | UretprobeHook, sizes: list[int]) -> None:
    """Refuse an offset that is not inside the one function that it counts from."""
    if len(hook.names) > 1 or is_glob(hook.names[0]):
        raise Wrong("too-many-hooks", "`offset` counts from one function", "name one, without globs")
    if hook.phase == "exit":
        raise Wrong("would-break", "a function returns as a whole: `offset` says nothing of its end", "leave it out")
    if sizes and hook.offset >= (sizes[0] or hook.offset + 1):
        raise Missing("unknown-target", f"{quote(hook.names[0])} has {sizes[0]} bytes: there is no offset {hook.offset:#x}")


def _at_offset(hook: UprobeHook | UretprobeHook, binary: Binary) -> Spot:
    """Return a place by its offset in the file; one that returns must be where a function begins."""
    if not binary.is_code(hook.offset):
        raise Missing("unknown-target", f"there is no code at {hook.offset:#x} of {quote(binary.path)}")
    inside = [one for one in binary.symbols().values() if one.offset < hook.offset < one.offset + one.size]
    if hook.phase == "exit" and inside:
        message = f"{hook.offset:#x} is inside the function {quote(inside[0].name)}: only a whole function returns"
        raise Wrong("would-break", message, f"it begins at {inside[0].offset:#x}")
    return Spot(f"{hook.offset:#x}", Location(hook.offset))


def _alike(probes: Iterable[UsdtProbe]) -> list[list[UsdtProbe]]:
    """Return the places of each probe together where their arguments lie alike."""
    groups: dict[Any, list[UsdtProbe]] = {}
    for probe in probes:
        groups.setdefault((probe.key, probe.arguments), []).append(probe)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Placing:
    """Makes places of spots of one hook in one file."""

    hook: FileHook
    target: Target
    binary: Binary
    phase: Phase

    def places(self, spots: Sequence[Spot], arguments: Arguments, one_name: bool = False) -> list[Place]:
        """Return one place for all spots, if the target can; else one each.  `one_name`: all are called alike."""
        spots = sorted(spots, key=lambda spot: spot.location)
        if not self._has_multi:
            return [self._place([spot], [spot.name], arguments) for spot in spots]
        return [self._place(spots, [spot.name for spot in spots[: 1 if one_name else None]], arguments)]

    @property
    def _has_multi(self) -> bool:
        return self.target.has_attach_type("BPF_TRACE_UPROBE_MULTI") and self.target.has(MULTI)

    def _point(self, spots: Sequence[Spot]) -> AttachPoint:
        locations = tuple(spot.location for spot in spots)
        place = UserPlace(self.binary.path, locations, self.hook.pid, self.binary.state)
        option: Option = "return" if self.phase == "exit" else ""
        if self._has_multi:
            return uprobe_multi(place, [spot.name for spot in spots], option)
        return uprobe(place, option)

    def _place(self, spots: Sequence[Spot], names: Sequence[str], arguments: Arguments) -> Place:
        many = len(names) > 1
        shown = names[0] + (f"+{len(names) - 1}" if many else "")
        ending = ":exit" if self.phase == "exit" and self.hook.kind == "uprobe" else ""
        process = f"@{self.hook.pid}" if self.hook.pid else ""
        return Place(
            self._point(spots),
            hook_kind(self.hook.kind),
            f"{self.hook.kind}:{self.hook.place}:{shown}{process}{ending}",
            names[0],
            arguments,
            self.phase,
            many=many,
            members=tuple(names) if many else (),
            why="" if self._has_multi else "a link for each place: this kernel has no uprobe_multi",
        )
