"""What the path of a cgroup alone says: which container and which pod a process is in.  Pure text; nothing is looked up.

In: a path below the root of cgroup v2.  Out: a `Place`.  The forms are those that runtimes give to `systemd` and make by
themselves (kubelet's pkg/kubelet/cm, opencontainers/runc's libcontainer/cgroups):

    /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope
    /kubepods/burstable/pod<uid>/<id>
    /system.slice/docker-<id>.scope, /docker/<id>, /machine.slice/libpod-<id>.scope/container

The container that is named first counts, not one further down: who may make cgroups inside a container could otherwise
give a process the name of any other container.  For the same reason nothing below `user.slice` is taken for a pod.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CONTAINERD, CRIO, DOCKER, PODMAN = "containerd", "cri-o", "docker", "podman"

LONGEST = 4096
"""Paths longer than this are not looked at (PATH_MAX)."""

_RUNTIMES = {"cri-containerd": CONTAINERD, "nerdctl": CONTAINERD, "crio": CRIO, "docker": DOCKER, "libpod": PODMAN}
"""What stands before the id, by the runtime that puts it there."""

_ID = r"(?P<id>[0-9a-f]{64})"
_UID = r"(?P<uid>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})"  # 32 digits: a static pod's hash
_PREFIX = rf"(?P<prefix>{'|'.join(_RUNTIMES)})"
_CONTAINER = re.compile(rf"(?:{_PREFIX}-)?{_ID}(?:\.scope)?")
_MIXED = re.compile(rf"(?P<pod>[\w.-]+\.slice):{_PREFIX}:{_ID}")
"""A path for systemd that a runtime without systemd took by its word."""
_POD_SLICE = re.compile(rf"(?:[\w.-]+-)?kubepods(?:-burstable|-besteffort)?-pod{_UID}\.slice")
_POD_FOLDER = re.compile(rf"pod{_UID}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process is.  What the path does not say is empty.

    `path` is the container's own cgroup, without what is below it.  `rootless`: a user's own container, whose path the user
    chooses.
    """

    id: str = ""
    runtime: str = ""
    pod_uid: str = ""
    path: str = ""
    rootless: bool = False


def place(path: str) -> Place | None:
    """Return the container or at least the pod that a cgroup belongs to; None if the path names neither."""
    if len(path) > LONGEST:
        return None
    parts = path.strip("/").split("/")
    rootless, pod, above = parts[0] == "user.slice", "", ""
    for at, part in enumerate(parts):
        found = _MIXED.fullmatch(part)
        pod = pod or ("" if rootless else _pod(found["pod"] if found else part, parts[:at]))
        found = found or _CONTAINER.fullmatch(part)
        if found:
            groups = found.groupdict()
            runtime = _RUNTIMES.get(groups["prefix"] or "", DOCKER if above == "docker" else "")
            return Place(groups["id"], runtime, pod, "/" + "/".join(parts[: at + 1]), rootless)
        above = part
    return Place(pod_uid=pod) if pod else None


def _pod(part: str, above: list[str]) -> str:
    """Return the uid of the pod that a folder is for; of a plain name only below the folder of all pods."""
    found = _POD_SLICE.fullmatch(part) or (_POD_FOLDER.fullmatch(part) if "kubepods" in above else None)
    return found["uid"].replace("_", "-") if found else ""
