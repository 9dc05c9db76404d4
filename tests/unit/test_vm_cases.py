"""The policies of the lane vm: each is named by its file, and a test in a guest applies it."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.parsing import load

LANE = Path(__file__).resolve().parents[1] / "vm"
CASES = sorted((LANE / "policies").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_of_the_lane_vm_is_named_by_its_file(case: Path) -> None:
    names = [policy.name for policy in load([str(case)]).require()]
    assert names
    assert all(name == case.stem or name.startswith(f"{case.stem}-") for name in names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_of_the_lane_vm_is_applied_by_a_test(case: Path) -> None:
    tests = "".join(path.read_text() for path in LANE.glob("test_*_here.py"))
    assert f'"{case.stem}"' in tests
