"""Every shipped policy is valid, resolves against a kernel that has its hooks, and becomes C; nothing is attached."""

from __future__ import annotations

from pathlib import Path

import pytest
from binaries_by_hand import HandBinaries

from policyd.codegen import render
from policyd.kernel.bpf.btf import Btf
from policyd.observe import Observed
from policyd.parsing import load
from policyd.plan.rows import allot_rows
from policyd.policy import UprobeHook
from policyd.resolve import Host, Resolved, resolve
from policyd.target import Target
from policyd.tracefs import SavedFormats
from policyd.unit import BoundUnit, gather
from policyd.vocabulary.syscalls import syscalls

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = sorted((CHECKOUT / "policies").rglob("*.yaml"))
LIBRARY = sorted((CHECKOUT / "library").rglob("*.yaml"))
FORMATS = Path(__file__).with_name("formats")
HOST = Host({"lo": "ethernet", "eth0": "ethernet", "wg0": "none"}, "/sys/fs/cgroup", lambda _: True, HandBinaries())


@pytest.fixture(scope="module")
def target() -> Target:
    """The running kernel's types, with all system calls and the tracepoints that the policies name: no tracefs is read."""
    texts = {file.stem.replace(".", "/", 1): file.read_text(encoding="utf-8") for file in FORMATS.glob("*.format")}
    texts |= {f"syscalls/sys_enter_{call.event}": "" for call in syscalls("x86_64").values() if call.event}
    return Target("x86_64", "6.18", "the saved formats", SavedFormats(texts), Btf.load)


def resolved(file: Path, target: Target) -> Resolved:
    (policy,) = load([str(file)]).require()
    return resolve(policy, target, HOST)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_policy_resolves_whole_where_the_kernel_has_its_hooks(file: Path, target: Target) -> None:
    found = resolved(file, target)
    assert found.policy.not_applicable == ()
    assert found.policy.rules
    assert not found.policy.enforce


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_a_policy_of_the_library_resolves_but_for_files_that_are_not_here(file: Path, target: Target) -> None:
    left_out = {rule for rule, _ in resolved(file, target).policy.not_applicable}
    (policy,) = load([str(file)]).require()
    assert all(isinstance(rule.hook, UprobeHook) for rule in policy.rules if rule.name in left_out)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_policy_becomes_c_that_names_its_file(file: Path, target: Target) -> None:
    policy = resolved(file, target).policy
    desired = gather([policy])
    rows = allot_rows(desired, Observed())
    maps = {(spec.policy, spec.name): spec for spec in policy.maps}
    for unit in desired.units:
        text = render(BoundUnit(unit, rows, maps), target).text
        assert (f'"{file}"' in text) == bool(unit.rules), unit.attach_point.key


def test_all_shipped_policies_fit_beside_each_other() -> None:
    loaded = load([str(CHECKOUT / "policies")])
    assert loaded.errors == ()
    assert {problem.code for problem in loaded.warnings} <= {"nothing-acts"}
    assert len(loaded.policies) == len(FILES)
