"""Capabilities: what is read of this process, what policies need, and how a want of them is worded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policyd import capabilities, privileges
from policyd.cli.needs import needs_of_policies
from policyd.errors import KernelError
from policyd.parsing import parse_policies
from policyd.resolve import Host, resolve
from policyd.target import Target
from policyd.unit import AttachPoint
from policyd.vocabulary.attach import ATTACH_KINDS

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: a}\nspec:\n  rules:\n"


def status(folder: Path, *names: str) -> Path:
    mask = sum(1 << capabilities.NUMBERS[name] for name in names)
    path = folder / "status"
    path.write_text(f"Name:\tpython\nCapPrm:\tffffffffffffffff\nCapEff:\t{mask:016x}\n")
    return path


def uid_map(folder: Path, text: str) -> Path:
    path = folder / "uid_map"
    path.write_text(text)
    return path


def test_the_effective_set_is_read_and_no_other(tmp_path: Path) -> None:
    assert capabilities.held(status(tmp_path, "CAP_BPF", "CAP_NET_ADMIN")) == {"CAP_BPF", "CAP_NET_ADMIN"}
    assert capabilities.held(tmp_path / "none") == frozenset()


def test_sys_admin_stands_for_what_bpf_asks_and_for_nothing_else(tmp_path: Path) -> None:
    path = status(tmp_path, "CAP_SYS_ADMIN")
    assert capabilities.missing(["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"], path) == ("CAP_SYS_PTRACE",)


def test_a_denial_names_what_is_missing(tmp_path: Path) -> None:
    path = status(tmp_path, "CAP_BPF")
    assert "lacks CAP_PERFMON and CAP_NET_ADMIN;" in capabilities.why_denied(
        ("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"), path
    )


def test_a_denial_with_all_capabilities_names_what_else_it_can_be(tmp_path: Path) -> None:
    path = status(tmp_path, "CAP_BPF")
    assert "seccomp" in capabilities.why_denied(("CAP_BPF",), path, uid_map(tmp_path, " 0 0 4294967295\n"))
    assert "user namespace" in capabilities.why_denied(("CAP_BPF",), path, uid_map(tmp_path, " 0 1000 1\n"))


def needed(rules: str) -> dict[str, bool]:
    """Return whether each capability is required, by its name."""
    (policy,) = parse_policies((HEAD + rules).encode(), "a.yaml").require()
    typed = resolve(policy, Target.default(), Host.anywhere()).policy
    return {need.capability: need.required for need in needs_of_policies([typed])}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "{name: r, hook: {syscall: getppid}, outputs: [{counter: {name: c_total}}]}",
            {"CAP_BPF": True, "CAP_PERFMON": True},
        ),
        (
            "{name: r, hook: {xdp: {interfaces: [lo]}}, outputs: [{counter: {name: c_total}}]}",
            {"CAP_BPF": True, "CAP_PERFMON": True, "CAP_NET_ADMIN": True},
        ),
        (
            "{name: r, hook: {syscall: getppid}, outputs: [{event: {fields: [process.exe]}}]}",
            {"CAP_BPF": True, "CAP_PERFMON": True, "CAP_SYS_PTRACE": False},
        ),
    ],
    ids=["tracing", "network", "processes"],
)
def test_what_a_policy_uses_decides_what_it_needs(rule: str, expected: dict[str, bool]) -> None:
    assert needed(f"    - {rule}\n") == expected


def test_without_policies_only_bpf_is_needed() -> None:
    assert [need.capability for need in needs_of_policies([])] == ["CAP_BPF"]


def test_every_attach_kind_has_its_privileges() -> None:
    for kind in ATTACH_KINDS:
        assert any(kind.kind in row.uses and not row.without for row in privileges.PRIVILEGES), kind.kind


def test_a_program_is_refused_before_it_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = status(tmp_path, "CAP_BPF", "CAP_PERFMON")
    monkeypatch.setattr(privileges, "missing", lambda wanted: capabilities.missing(wanted, path))
    monkeypatch.setattr(privileges, "why_denied", lambda wanted: capabilities.why_denied(wanted, path))
    privileges.require(AttachPoint("tracepoint", "a/b"))
    with pytest.raises(KernelError, match=r"load the programs of xdp:lo: EPERM.* lacks CAP_NET_ADMIN;"):
        privileges.require(AttachPoint("xdp", "lo", "auto"))


def test_the_set_is_written_as_systemd_and_kubernetes_want_it() -> None:
    found = privileges.needs({privileges.ALWAYS, "xdp", privileges.PROCESSES})
    assert privileges.in_manifests(found) == (
        "CapabilityBoundingSet=CAP_NET_ADMIN CAP_PERFMON CAP_BPF",
        "add: [NET_ADMIN, PERFMON, BPF]",
    )
