"""A host's files made by hand: what each container runtime writes about a container, and users."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policyd.enrich.disk import HostFiles

ID = "3f9a" * 16
OTHER_ID = "77be" * 16
UID = "0a1b2c3d-1111-2222-3333-444455556666"
SLICE = f"kubepods-burstable-pod{UID.replace('-', '_')}.slice"
SLICES = f"/kubepods.slice/kubepods-burstable.slice/{SLICE}"

CONTAINERD_TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"
K3S_TASKS = "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io"
STORAGE_RUN = "/run/containers/storage/overlay-containers"
STORAGE = "/var/lib/containers/storage/overlay-containers"
DOCKER = "/var/lib/docker/containers"

POD = {"name": "app", "image": "registry.example/shop/api:1.4", "pod": "api-7d9f", "namespace": "shop", "pod_uid": UID}

_CRI = {
    "name": "io.kubernetes.cri.container-name",
    "image": "io.kubernetes.cri.image-name",
    "pod": "io.kubernetes.cri.sandbox-name",
    "namespace": "io.kubernetes.cri.sandbox-namespace",
    "pod_uid": "io.kubernetes.cri.sandbox-uid",
}
_KUBELET = {
    "name": "io.kubernetes.container.name",
    "image": "io.kubernetes.cri-o.ImageName",
    "pod": "io.kubernetes.pod.name",
    "namespace": "io.kubernetes.pod.namespace",
    "pod_uid": "io.kubernetes.pod.uid",
}


def _annotations(keys: dict[str, str], words: dict[str, str]) -> dict[str, str]:
    return {keys[key]: word for key, word in words.items()}


@dataclass(frozen=True)
class MadeHost:
    """A tree of files below a folder that stands for `/`."""

    root: Path

    @property
    def files(self) -> HostFiles:
        return HostFiles(str(self.root))

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def spec(self, path: str, annotations: Any, cgroups_path: str) -> Path:
        """Write a config.json of the OCI runtime specification, with much that nobody asks for."""
        spec = {
            "ociVersion": "1.1.0",
            "process": {"args": ["/bin/api"], "env": ["SECRET=hunter2"], "cwd": "/", "user": {"uid": 0}},
            "mounts": [{"destination": "/proc", "type": "proc"}],
            "annotations": annotations,
            "linux": {"cgroupsPath": cgroups_path, "namespaces": [{"type": "pid"}]},
        }
        return self.write(path, json.dumps(spec))

    def containerd(
        self, cgroups_path: str = f"{SLICE}:cri-containerd:{ID}", tasks: str = CONTAINERD_TASKS, **words: str
    ) -> Path:
        annotations = {"io.kubernetes.cri.container-type": "container"} | _annotations(_CRI, POD | words)
        return self.spec(f"{tasks}/{ID}/config.json", annotations, cgroups_path)

    def crio(self, cgroups_path: str = f"{SLICE}:crio:{ID}", **words: str) -> Path:
        annotations = {"io.container.manager": "cri-o"} | _annotations(_KUBELET, POD | words)
        return self.spec(f"{STORAGE_RUN}/{ID}/userdata/config.json", annotations, cgroups_path)

    def podman(self, cgroups_path: str = f"machine.slice:libpod:{ID}") -> Path:
        self.spec(f"{STORAGE}/{ID}/userdata/config.json", {"io.container.manager": "libpod"}, cgroups_path)
        metadata = json.dumps({"image-name": "docker.io/library/alpine:3.20", "name": "web", "created-at": 1})
        rows = [{"id": OTHER_ID, "names": None}, {"id": ID, "names": ["web"], "image": "e4" * 32, "metadata": metadata}]
        return self.write(f"{STORAGE}/containers.json", json.dumps(rows))

    def docker(self, **more: Any) -> Path:
        config = {"Image": "nginx:1.27", "Labels": {}, "Env": ["SECRET=hunter2"]} | more
        found = {"ID": ID, "Name": "/web", "Config": config, "State": {"Running": True}, "Image": "sha256:" + "ab" * 32}
        return self.write(f"{DOCKER}/{ID}/config.v2.json", json.dumps(found))

    def users(self, passwd: str, group: str = "") -> None:
        self.write("/etc/passwd", passwd)
        self.write("/etc/group", group)
