"""What container runtimes have written about a container: its name and image, its pod and namespace.

In: a `Place`, from the path of a cgroup.  Out: a `Container`.  `STORES` says where each runtime keeps which file.  A file
counts only if it is about this very cgroup (`linux.cgroupsPath` of the OCI runtime specification): an id in the path of a
cgroup is a claim, which others than the runtime can make too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from policyd.enrich.container import Container
from policyd.log import log
from policyd.text import safe
from policyd.vocabulary.containers import CONTAINERD, CRIO, DOCKER, PODMAN

if TYPE_CHECKING:
    from policyd.enrich.disk import HostFiles
    from policyd.vocabulary.containers import Place

EVENT_UNREADABLE = "container-unreadable"

Words = dict[str, str]
Reader = Callable[[bytes, "Place"], Words | None]
"""Makes words about a container of a file's bytes; None if the file is about another cgroup."""

_NAMESPACE, _CONTAINER_ID = "*", "{id}"
_CONTAINERS_JSON = "containers.json"


# ------------------------------------------------------------------------------------------------ files


class _Linux(msgspec.Struct):
    cgroups_path: str = msgspec.field(name="cgroupsPath", default="")


class _Spec(msgspec.Struct):
    """config.json of the OCI runtime specification."""

    annotations: dict[str, str] | None = None
    linux: _Linux | None = None


class _DockerConfig(msgspec.Struct):
    image: str = msgspec.field(name="Image", default="")
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class _Docker(msgspec.Struct):
    """config.v2.json of moby's container.Container."""

    id: str = msgspec.field(name="ID", default="")
    name: str = msgspec.field(name="Name", default="")
    config: _DockerConfig | None = msgspec.field(name="Config", default=None)


class _Stored(msgspec.Struct):
    """A row of containers.json of containers/storage; `metadata` is JSON in a string."""

    id: str = ""
    names: list[str] | None = None
    metadata: str = ""


class _StoredMetadata(msgspec.Struct):
    image_name: str = msgspec.field(name="image-name", default="")


_ANNOTATIONS = {
    "name": ("io.kubernetes.cri.container-name", "io.kubernetes.container.name"),
    "image": ("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"),
    "pod": ("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
    "namespace": ("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
    "pod_uid": ("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
}
"""Annotations of containerd's CRI plugin, and those of the kubelet that CRI-O and cri-dockerd hand on."""
_MANAGER = "io.container.manager"
_SANDBOX = "POD"
"""The name of the container that holds a pod's namespaces: a name that no container of a user has."""


def _of_annotations(annotations: Words | None) -> Words:
    given = annotations or {}
    found = {word: next((given[key] for key in keys if given.get(key)), "") for word, keys in _ANNOTATIONS.items()}
    return found if found["name"] != _SANDBOX else found | {"name": ""}


def _oci(data: bytes, place: Place) -> Words | None:
    spec = msgspec.json.decode(data, type=_Spec)
    if not _is_about(spec.linux.cgroups_path if spec.linux else "", place.path):
        return None
    manager = (spec.annotations or {}).get(_MANAGER, "")
    return _of_annotations(spec.annotations) | {"runtime": PODMAN if manager == "libpod" else ""}


def _docker(data: bytes, place: Place) -> Words | None:
    found = msgspec.json.decode(data, type=_Docker)
    if found.id != place.id or found.config is None:
        return None
    words = _of_annotations(found.config.labels)
    own = {"name": found.name.removeprefix("/"), "image": found.config.image}
    return words | {key: word for key, word in own.items() if not words[key]}


_UNITS = frozenset(
    f"/system.slice/{unit}.service"
    for unit in ("containerd", "crio", "docker", "k3s", "k3s-agent", "rke2-server", "rke2-agent")
)
"""Where runtimes are themselves."""


def _is_about(cgroups_path: str, path: str) -> bool:
    """Whether `linux.cgroupsPath` is this path.

    Three parts with colons are for systemd: slice, what stands before the name, name; a runtime that does not use systemd
    makes a folder called so where it is itself.
    """
    parts = cgroups_path.split(":")
    if len(parts) == 3:
        scope = f"{parts[1]}-{parts[2]}.scope" if parts[1] else f"{parts[2]}.scope"
        above, _, name = path.rpartition("/")
        return path == f"{_slice_path(parts[0])}/{scope}" or (name == cgroups_path and above in _UNITS)
    return path == "/" + cgroups_path.strip("/")


def _slice_path(name: str) -> str:
    """Return the path of a slice: `a-b.slice` is in `a.slice` (systemd.slice(5)).  Without a name: the default of runc."""
    if not name:
        return "/system.slice"
    words = name.removesuffix(".slice").split("-")
    return "".join(f"/{'-'.join(words[:end])}.slice" for end in range(1, len(words) + 1) if words[end - 1])


# ------------------------------------------------------------------------------------------------ where they are


@dataclass(frozen=True, slots=True)
class Store:
    """A folder where runtimes keep files about containers.

    `names` lead from it to the file: `*` stands for each folder there is, `{id}` for the container's id.
    """

    runtimes: tuple[str, ...]
    folder: str
    names: tuple[str, ...]
    read: Reader


_TASKS = (_NAMESPACE, _CONTAINER_ID, "config.json")
_USERDATA = (_CONTAINER_ID, "userdata", "config.json")
_STORAGE = "/var/lib/containers/storage/overlay-containers"

STORES: tuple[Store, ...] = (
    Store((CONTAINERD,), "/run/containerd/io.containerd.runtime.v2.task", _TASKS, _oci),
    Store((CONTAINERD,), "/run/k3s/containerd/io.containerd.runtime.v2.task", _TASKS, _oci),
    Store((DOCKER,), "/var/lib/docker/containers", (_CONTAINER_ID, "config.v2.json"), _docker),
    Store((CRIO, PODMAN), "/run/containers/storage/overlay-containers", _USERDATA, _oci),
    Store((CRIO, PODMAN), _STORAGE, _USERDATA, _oci),
)


_BAD = (OSError, msgspec.DecodeError, RecursionError, UnicodeError)
"""What comes of files that cannot be read, or hold something else."""


class Runtimes:
    """Looks containers up; `stores` is where."""

    def __init__(self, files: HostFiles, stores: tuple[Store, ...] = STORES) -> None:
        self._files, self._stores = files, stores
        self._told: set[str] = set()

    def find(self, place: Place) -> Container | None:
        """Return what the runtime says of a container; None if nothing is known (yet).

        A user's own containers are not looked up: only root's files are believed.
        """
        if not place.id or place.rootless:
            return None
        for store in self._stores:
            if place.runtime in {"", *store.runtimes} and (found := self._in_store(store, place)):
                return found
        return None

    def _in_store(self, store: Store, place: Place) -> Container | None:
        try:
            words = self._words(store, place)
            if words is None:
                return None
            runtime = words.pop("runtime", "") or place.runtime or store.runtimes[0]
            if runtime == PODMAN:
                words |= self._of_storage(place.id)
        except _BAD as error:
            self._tell(store.folder, error)
            return None
        if place.pod_uid and words.get("pod_uid") not in {None, "", place.pod_uid}:
            return None
        return Container.of(place.id, runtime, words | {"pod_uid": place.pod_uid or words.get("pod_uid", "")})

    def _words(self, store: Store, place: Place) -> Words | None:
        names = tuple(place.id if name == _CONTAINER_ID else name for name in store.names)
        if names[0] != _NAMESPACE:
            data = self._files.read(store.folder, *names)
            return store.read(data, place) if data is not None else None
        for namespace in self._files.folders(store.folder):
            data = self._files.read(store.folder, namespace, *names[1:])
            if data is not None:
                return store.read(data, place)
        return None

    def _of_storage(self, container: str) -> Words:
        """Return what podman has in containers/storage: names, and the image as it was asked for."""
        try:
            data = self._files.read(_STORAGE, _CONTAINERS_JSON)
            rows = msgspec.json.decode(data, type=list[_Stored]) if data else []
            row = next((row for row in rows if row.id == container), _Stored())
            metadata = msgspec.json.decode(row.metadata or "{}", type=_StoredMetadata)
        except _BAD as error:
            self._tell(_STORAGE, error)
            return {}
        return {"name": (row.names or [""])[0], "image": metadata.image_name}

    def _tell(self, folder: str, error: Exception) -> None:
        """Log once for each folder and kind of error that something cannot be read."""
        key = f"{folder} {type(error).__name__}"
        if key not in self._told:
            self._told.add(key)
            log(EVENT_UNREADABLE, folder=folder, error=safe(f"{type(error).__name__}: {error}", 300))


def from_path(place: Place) -> Container:
    """Return what the path of a cgroup alone says."""
    return Container(place.id, place.runtime, pod_uid=place.pod_uid, rootless=place.rootless)
