"""The lane vm as far as it needs no kernel: its policies, and what its kernels say while they run side by side."""

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
    tests = "".join(path.read_text() for path in [*LANE.glob("test_*_here.py"), LANE / "stages.py"])
    assert f'"{case.stem}"' in tests or f'"{case.name}"' in tests


def test_what_kernels_say_side_by_side_is_told_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(LANE))
    from transcripts import in_turn  # noqa: PLC0415 (the lane's modules are nobody else's)

    one, two, three = in_turn(3)
    two.say("b1")
    one.say("a1")
    assert capsys.readouterr().out == "test-vm: a1\n"
    two.close()
    three.say("c1")
    one.say("a2")
    one.close()
    three.say("c2")
    three.close()
    assert capsys.readouterr().out == "".join(f"test-vm: {text}\n" for text in ("a2", "b1", "c1", "c2"))
