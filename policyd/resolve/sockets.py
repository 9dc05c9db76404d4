"""Places of sockets: the hooks of cgroups, the events of their TCP connections, and network namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.condition import Test
from policyd.resolve.place import NoArguments, Place
from policyd.resolve.problems import Missing
from policyd.text import did_you_mean, one_of, quote
from policyd.unit import OWN_NETWORK, AttachPoint
from policyd.value import ContextLoad, Value
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.task import number
from policyd.vocabulary.tcp_events import EVENT_PATH, TCP_EVENTS

if TYPE_CHECKING:
    from policyd.host import Host
    from policyd.policy import CgroupHook, SkLookupHook, SockOpsHook
    from policyd.vocabulary.tcp_events import TcpEvent


_EVENT = Value(EVENT_PATH, number("u32", 4), ContextLoad(0, 4))
_ARGS_OFFSET = 4  # struct bpf_sock_ops: the event, then its numbers
_EVENTS = {row.name: row for row in TCP_EVENTS}


def cgroup_places(hook: CgroupHook, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place a hook name, at one cgroup."""
    path, shown = _cgroup(hook.path, host)
    places = [
        Place(AttachPoint("cgroup", path, name), hook_kind("cgroup", name), f"cgroup:{name}{shown}", name, NoArguments())
        for name in dict.fromkeys(hook.names)
    ]
    return places, []


def sock_ops_places(hook: SockOpsHook, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place an event, all at one attach point."""
    path, shown = _cgroup(hook.path, host)
    point, row = AttachPoint("sock_ops", path), hook_kind("sock_ops")
    places = [
        Place(point, row, f"sock_ops:{name}{shown}", name, EventArguments(event), guard=(_is_event(event.number),))
        for name in dict.fromkeys(hook.events)
        for event in (_EVENTS[name],)
    ]
    return places, []


def sk_lookup_places(hook: SkLookupHook, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place a network namespace."""
    row = hook_kind("sk_lookup")
    if not hook.netns:
        return [Place(AttachPoint("sk_lookup", OWN_NETWORK), row, "sk_lookup", "sk_lookup", NoArguments())], []
    hint = "`ip netns` makes those below /run/netns; /proc/PID/ns/net is that of a process"
    paths = dict.fromkeys(hook.netns)
    missing = [
        Missing("unknown-target", f"there is no network namespace {quote(path)}", hint)
        for path in paths
        if not host.has_network(path)
    ]
    return [
        Place(AttachPoint("sk_lookup", path), row, f"sk_lookup:{path}", path, NoArguments(), many=len(paths) > 1)
        for path in paths
        if host.has_network(path)
    ], missing


def _is_event(number: int) -> Test:
    return Test(_EVENT, "Equal", (number,))


@dataclass(frozen=True, slots=True)
class EventArguments:
    """The arguments of a TCP event."""

    event: TcpEvent

    def value(self, path: str) -> Value:
        for row in self.event.args:
            if path in {f"args.{row.name}", f"args[{row.index}]"}:
                access = ContextLoad(_ARGS_OFFSET + 4 * row.index, 4, row.type.signed)
                return Value(path, row.type, access)
        hint = did_you_mean(path, self.paths()) or (f"there are {one_of(self.paths())}" if self.event.args else "")
        raise Missing("unknown-field", f"the event {self.event.name} has no argument {quote(path)}", hint)

    def paths(self) -> tuple[str, ...]:
        return tuple(f"args.{row.name}" for row in self.event.args)


def _cgroup(path: str, host: Host) -> tuple[str, str]:
    """Return the directory of a cgroup, and what is shown of it behind a hook's name; `Missing`."""
    if not host.cgroup_root:
        raise Missing("no-cgroup2", "cgroup v2 is not mounted on this host", "mount -t cgroup2 none /sys/fs/cgroup")
    found = _cgroup_path(path, host.cgroup_root)
    if not host.has_cgroup(found):
        raise Missing("unknown-cgroup", f"there is no cgroup {quote(found)}", f"cgroup v2 is at {host.cgroup_root}")
    return found, "" if found == host.cgroup_root else f":{found}"


def _cgroup_path(path: str, root: str) -> str:
    """Return the directory: absolute as it is if it is below the mount, else taken from the mount."""
    inside = path == root or path.startswith(root + "/")
    parts = [part for part in (path[len(root) :] if inside else path).split("/") if part]
    return "/".join([root.rstrip("/"), *parts]) if parts else root
