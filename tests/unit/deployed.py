"""What the tests of deploy/ share: the chart rendered by helm, and the documents of manifests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/policyd"
KUBERNETES = ("1.25", "1.31", "1.34")
"""The oldest that the chart asks for, and newer ones."""
CUSTOM = frozenset({"PodMonitor", "PrometheusRule"})
"""Kinds of the Prometheus operator: no schema of Kubernetes' own."""

Document = dict[str, Any]


def find_tool(name: str) -> str | None:
    """Return a tool of PATH, or one that scripts/get-deploy-tools has built."""
    return shutil.which(name) or shutil.which(name, path=str(ROOT / ".cache/tools"))


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    program = find_tool("helm")
    assert program is not None
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, cwd=ROOT)


def rendered(*words: str) -> str:
    """Return what the chart becomes with `--set …` words."""
    done = helm("template", "policyd", str(CHART), "--namespace", "policyd", "--kube-version", "1.31", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def documents(text: str) -> list[Document]:
    return [document for document in yaml.safe_load_all(text) if document]


def complaints(found: list[Document]) -> list[str]:
    """Return what Kubernetes' own schemas say against the objects; a key that they do not know is an error."""
    said = []
    for document in found:
        for version in KUBERNETES if document["kind"] not in CUSTOM else ():
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                said.append(f"{document['kind']} in {version}: {error.message}")
    return said


def of_kind(found: list[Document], kind: str, name: str = "policyd") -> Document:
    (one,) = [document for document in found if document["kind"] == kind and document["metadata"]["name"] == name]
    return one


def container(found: list[Document]) -> Document:
    (one,) = of_kind(found, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    return one
