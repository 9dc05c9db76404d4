"""Events of a process in a container's cgroup leave `policyd run` with the container's name, as soon as that is known."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from agents import running_agent, until
from conftest import Host

from policyd.naming import cgroup_root

pytestmark = pytest.mark.kernel

POLICY = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: enriched}
spec:
  rules:
    - name: asked
      hook: {syscall: umask}
      filters: [{field: process.comm, operator: Equal, value: pdcontained}]
      outputs: [{event: {fields: [process.cgroup, process.uid, args.mask]}}]
"""
CALLER = """
import os, sys
open("/proc/self/comm", "w").write("pdcontained")
for line in sys.stdin:
    os.umask(0o22)
    print(flush=True)
"""
ID = "5e1f" * 16
UID = "7d0c9a11-2222-3333-4444-9c5f00aa1234"
SLICE = f"kubepods-burstable-pod{UID.replace('-', '_')}.slice"
SPEC = {
    "annotations": {
        "io.kubernetes.cri.container-name": "app",
        "io.kubernetes.cri.image-name": "registry.example/shop/api:1.4",
        "io.kubernetes.cri.sandbox-name": "api-7d9f",
        "io.kubernetes.cri.sandbox-namespace": "shop",
        "io.kubernetes.cri.sandbox-uid": UID,
    },
    "linux": {"cgroupsPath": f"{SLICE}:cri-containerd:{ID}"},
}


@contextmanager
def contained() -> Iterator[subprocess.Popen[str]]:
    """A process in the cgroup that a kubelet and containerd would make; it calls umask for each line that it gets."""
    root = cgroup_root()
    assert root is not None
    parts = ("kubepods.slice", "kubepods-burstable.slice", SLICE, f"cri-containerd-{ID}.scope")
    made = []
    for part in parts:
        root = root / part
        if not root.exists():
            root.mkdir()
            made.append(root)
    command = [sys.executable, "-c", CALLER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        (root / "cgroup.procs").write_text(str(process.pid))
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for path in reversed(made):
                until(lambda path=path: not (path / "cgroup.procs").read_text())
                path.rmdir()


def call(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "\n"


def events(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_the_first_events_of_a_container_do_not_wait_and_later_ones_have_its_name(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, file = tmp_path / "node", tmp_path / "events.jsonl"
    (node / "etc").mkdir(parents=True)
    (node / "etc/passwd").write_text("superuser:x:0:0::/root:/bin/sh\n")
    monkeypatch.setenv("POLICYD_HOST_ROOT", str(node))
    with running_agent(host.root, tmp_path, "--sink", f"file:{file}") as agent, contained() as process:
        agent.write("policy.yaml", POLICY)
        agent.becomes("Applied", "enriched")
        call(process)
        (first,) = until(lambda: events(file))
        assert first["enriched"]["users"] == {"process_uid": "superuser"}
        assert first["enriched"]["container"] == {"id": ID, "runtime": "containerd", "pod_uid": UID}
        assert first["enriched"]["pending"] is True

        spec = node / f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
        spec.parent.mkdir(parents=True)
        spec.write_text(json.dumps(SPEC))

        def named() -> dict[str, Any] | None:
            call(process)
            found: dict[str, Any] = events(file)[-1]["enriched"]
            return found if "pod" in found["container"] else None

        told = until(named)
        assert told["container"] == {
            "id": ID, "runtime": "containerd", "name": "app", "image": "registry.example/shop/api:1.4",
            "pod": "api-7d9f", "namespace": "shop", "pod_uid": UID,
        }  # fmt: skip
        assert "pending" not in told
        assert agent.stop() == 0
