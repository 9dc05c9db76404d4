"""Places of sockets: the hooks of cgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.resolve.place import NoArguments, Place
from policyd.resolve.problems import Missing
from policyd.text import quote
from policyd.unit import AttachPoint
from policyd.vocabulary.hooks import hook_kind

if TYPE_CHECKING:
    from policyd.host import Host
    from policyd.policy import CgroupHook


def cgroup_places(hook: CgroupHook, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return one place a hook name, at one cgroup."""
    if not host.cgroup_root:
        raise Missing("no-cgroup2", "cgroup v2 is not mounted on this host", "mount -t cgroup2 none /sys/fs/cgroup")
    path = _cgroup_path(hook.path, host.cgroup_root)
    if not host.has_cgroup(path):
        raise Missing("unknown-cgroup", f"there is no cgroup {quote(path)}", f"cgroup v2 is at {host.cgroup_root}")
    shown = "" if path == host.cgroup_root else f":{path}"
    places = [
        Place(AttachPoint("cgroup", path, name), hook_kind("cgroup", name), f"cgroup:{name}{shown}", name, NoArguments())
        for name in dict.fromkeys(hook.names)
    ]
    return places, []


def _cgroup_path(path: str, root: str) -> str:
    """Return the directory: absolute as it is if it is below the mount, else taken from the mount."""
    inside = path == root or path.startswith(root + "/")
    parts = [part for part in (path[len(root) :] if inside else path).split("/") if part]
    return "/".join([root.rstrip("/"), *parts]) if parts else root
