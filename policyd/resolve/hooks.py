"""A rule's hook as places: one table row a kind, and `firstOf`, which takes the first alternative that is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policyd.errors import TargetError, UnsupportedError
from policyd.policy import (
    CgroupHook,
    FentryHook,
    FexitHook,
    FirstOf,
    FunctionHook,
    Hook,
    IterHook,
    KprobeHook,
    KretprobeHook,
    LsmHook,
    NetfilterHook,
    NetkitHook,
    PerfHook,
    RawTracepointHook,
    SkLookupHook,
    SockOpsHook,
    SyscallHook,
    TcHook,
    TracepointHook,
    UprobeHook,
    UretprobeHook,
    UsdtHook,
    XdpHook,
)
from policyd.resolve.functions import function_places, lsm_places, probe_places, typed_places
from policyd.resolve.packets import netfilter_places, netkit_places, tc_places, xdp_places
from policyd.resolve.perf import perf_places
from policyd.resolve.problems import Missing, Wrong, from_target
from policyd.resolve.snapshots import iter_places
from policyd.resolve.sockets import cgroup_places, sk_lookup_places, sock_ops_places
from policyd.resolve.syscalls import syscall_places
from policyd.resolve.traces import raw_tracepoint_places, tracepoint_places
from policyd.resolve.userland import usdt_places, user_places

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.errors import Path
    from policyd.host import Host
    from policyd.resolve.asked import Asked
    from policyd.resolve.place import Place
    from policyd.target import Target

_PLACES: dict[type, Callable[[Any, Target, Host, Asked], tuple[list[Place], list[Missing]]]] = {
    SyscallHook: lambda hook, target, _, asked: syscall_places(hook, target, asked),
    TracepointHook: lambda hook, target, _, __: tracepoint_places(hook, target),
    RawTracepointHook: lambda hook, target, _, __: raw_tracepoint_places(hook, target),
    FunctionHook: lambda hook, target, _, asked: function_places(hook, target, asked),
    KprobeHook: lambda hook, target, _, asked: probe_places(hook, target, asked),
    KretprobeHook: lambda hook, target, _, asked: probe_places(hook, target, asked),
    FentryHook: lambda hook, target, _, asked: typed_places(hook, target, asked),
    FexitHook: lambda hook, target, _, asked: typed_places(hook, target, asked),
    LsmHook: lambda hook, target, _, asked: lsm_places(hook, target, asked),
    IterHook: lambda hook, target, _, __: iter_places(hook, target),
    PerfHook: lambda hook, _, host, __: perf_places(hook, host),
    XdpHook: lambda hook, _, host, __: xdp_places(hook, host),
    TcHook: lambda hook, target, host, _: tc_places(hook, target, host),
    NetkitHook: lambda hook, target, host, _: netkit_places(hook, target, host),
    NetfilterHook: lambda hook, target, _, __: netfilter_places(hook, target),
    CgroupHook: lambda hook, _, host, __: cgroup_places(hook, host),
    SockOpsHook: lambda hook, _, host, __: sock_ops_places(hook, host),
    SkLookupHook: lambda hook, _, host, __: sk_lookup_places(hook, host),
    UprobeHook: lambda hook, target, host, _: user_places(hook, target, host),
    UretprobeHook: lambda hook, target, host, _: user_places(hook, target, host),
    UsdtHook: lambda hook, target, host, _: usdt_places(hook, target, host),
}
"""How each kind of hook is located; `Asked` is what the rule wants there."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a hook is on this target.

    `alternatives` are the places of the other hooks of a `firstOf` that this target has: fields must be like there.
    """

    places: tuple[Place, ...]
    missing: tuple[tuple[Path, Missing], ...]
    alternatives: tuple[Place, ...] = ()

    @property
    def every(self) -> tuple[Place, ...]:
        return self.places + self.alternatives


def locate(hook: Hook, target: Target, host: Host, asked: Asked) -> Located:
    """Return the attach points that `hook` means, and what it names that is not there."""
    if not isinstance(hook, FirstOf):
        places, missing = _places(hook, target, host, asked)
        return Located(tuple(places), tuple((hook.at, problem) for problem in missing))
    tried = [_places(alternative, target, host, asked) for alternative in hook.hooks]
    there = [places for places, _ in tried if places]
    if not there:
        reasons = "; ".join(dict.fromkeys(missing.message for _, problems in tried for missing in problems[:1]))
        return Located((), ((hook.at, Missing("unknown-target", f"none of the hooks of firstOf is there: {reasons}")),))
    return Located(tuple(there[0]), (), tuple(places[0] for places in there[1:]))


def _places(hook: Any, target: Target, host: Host, asked: Asked) -> tuple[list[Place], list[Missing]]:
    if getattr(hook, "phase", "") == "call":
        places, missing = _places(hook.model_copy(update={"phase": "exit"}), target, host, asked)
        return list(map(_whole, places)), missing
    try:
        return _PLACES[type(hook)](hook, target, host, asked)
    except TargetError as error:
        return [], [from_target(error, "")]
    except UnsupportedError as error:
        return [], [Wrong("target-unknown", str(error))]
    except Missing as missing:
        return [], [missing]


def _whole(place: Place) -> Place:
    """Return the place of whole calls, given that of their ends."""
    return replace(place, phase="call", spelled=place.spelled.removesuffix(":exit") + ":call")
