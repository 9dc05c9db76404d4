"""Places of packets at interfaces, XDP and tc, and at netfilter; `sockets.py` has those of cgroups."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from policyd.places import Netfilter, netfilter
from policyd.resolve.place import NoArguments, Place
from policyd.resolve.problems import Missing, Wrong
from policyd.text import did_you_mean, one_of, quote
from policyd.unit import AttachPoint
from policyd.value import Builtin, Value
from policyd.vocabulary.attach import attach_kind
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.packet_hooks import DEFRAG_PRIORITY, NETFILTER_FAMILIES
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from policyd.host import Header, Host
    from policyd.policy import NetfilterHook, NetkitHook, TcHook, XdpHook
    from policyd.target import Target
    from policyd.vocabulary.attach import AttachKind
    from policyd.vocabulary.hook_kind import HookKind

_INTERFACE_NAME = Value("hook.name", ValueType("interface", Shape.NUMBER, 4), Builtin("packet_interface"), cost=2)
"""The name of a packet hook is its interface, kept as a number: a list of names would change with every new interface."""

_NO_TCX = f"this kernel has no links for tc (tcx, Linux {attach_kind('tcx', 'ingress').since})"

GLOB_CHARACTERS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Known:
    """The targets of a kind: asking for one may be far cheaper than listing all."""

    has: Callable[[str], bool]
    names: Callable[[], tuple[str, ...]]


def known_names(names: Collection[str]) -> Known:
    """Return names that are all at hand."""
    return Known(names.__contains__, lambda: tuple(names))


def is_glob(name: str) -> bool:
    """Tell whether a target stands for several names."""
    return not GLOB_CHARACTERS.isdisjoint(name)


def match_names(patterns: tuple[str, ...], known: Known, what: str) -> tuple[list[str], list[Missing]]:
    """Return the names that `patterns` stand for, in order, and a problem for each that stands for none."""
    found: dict[str, None] = {}
    missing = []
    for pattern in patterns:
        if is_glob(pattern):
            matches = [name for name in known.names() if fnmatchcase(name, pattern)]
        else:
            matches = [pattern] if known.has(pattern) else []
        if not matches:
            missing.append(_no_match(pattern, known.names(), what))
        found.update(dict.fromkeys(matches))
    return list(found), missing


def _no_match(pattern: str, known: tuple[str, ...], what: str) -> Missing:
    if is_glob(pattern):
        return Missing("unknown-target", f"no {what} matches {quote(pattern)}")
    hint = did_you_mean(pattern, known) or (f"there are {one_of(known)}" if 0 < len(known) <= 12 else "")
    return Missing("unknown-target", f"there is no {what} {quote(pattern)}", hint)


def xdp_places(hook: XdpHook, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place an interface."""
    interfaces, missing = _interfaces(hook.interfaces, host)
    row = hook_kind("xdp")
    points = [AttachPoint("xdp", name, hook.mode, header) for name, header in interfaces]
    return [_packet_place(point, row, f"xdp:{point.target}") for point in points], missing


def tc_places(hook: TcHook, target: Target, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place an interface, in the hook's direction."""
    has_links = target.has_attach_type(attach_kind("tcx", hook.direction).attach_type_name) and target.has(
        f"tc {hook.direction} (tcx)"
    )
    interfaces, missing = _interfaces(hook.interfaces, host)
    row, direction = hook_kind("tc"), hook.direction
    kind, why = ("tcx", "") if has_links else ("clsact", _NO_TCX)
    points = [AttachPoint(kind, name, direction, header) for name, header in interfaces]
    return [_packet_place(point, row, f"tc:{point.target}:{direction}", why) for point in points], missing


def netkit_places(hook: NetkitHook, target: Target, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place an interface; its name is the policy's: packets only know the end that receives them."""
    row = hook_kind("netkit")
    _has_links(target, attach_kind("netkit", hook.side))
    interfaces, missing = _interfaces(hook.interfaces, host)
    points = [AttachPoint("netkit", name, hook.side, header) for name, header in interfaces]
    return [Place(point, row, point.key, point.target, NoArguments()) for point in points], missing


def _has_links(target: Target, kind: AttachKind) -> None:
    """Raise `Missing` where the kernel does not know links of a kind."""
    if not target.has_attach_type(kind.attach_type_name):
        message = f"{target.source} ({target.release}) has no {kind.kind} links: {kind.kind} hooks need Linux {kind.since}"
        raise Missing("unknown-target", message, "use tc, xdp or cgroup hooks")


def netfilter_places(hook: NetfilterHook, target: Target) -> tuple[list[Place], list[Missing]]:
    """Return one place a hook and family."""
    row = hook_kind("netfilter")
    _has_links(target, attach_kind(row.attach_kind))
    if hook.defrag and hook.priority <= DEFRAG_PRIORITY:
        message = (
            f"fragments are put together at priority {DEFRAG_PRIORITY}: `defrag` takes a higher one than {hook.priority}"
        )
        raise Wrong("bad-priority", message)
    places = []
    for name in dict.fromkeys(hook.names):
        for family in NETFILTER_FAMILIES[hook.family]:
            point = netfilter(Netfilter(family, name, hook.priority, hook.defrag))
            places.append(Place(point, row, point.key, name, NoArguments()))
    return places, []


def _packet_place(point: AttachPoint, row: HookKind, spelled: str, why: str = "") -> Place:
    return Place(point, row, spelled, point.target, NoArguments(), name_value=_INTERFACE_NAME, why=why)


def _interfaces(patterns: tuple[str, ...], host: Host) -> tuple[list[tuple[str, Header]], list[Missing]]:
    if host.interfaces is None:
        return [(name, "ethernet") for name in dict.fromkeys(patterns)], []
    names, missing = match_names(patterns, known_names(host.interfaces), "interface")
    return [(name, host.interfaces[name]) for name in names], missing
