"""What is read from the verifier's logs (`tests/data/verifier/`, from a real kernel)."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from policyd.kernel.bpf.verifier import diagnose

LOGS = Path(__file__).resolve().parents[1] / "data" / "verifier"
TOO_LARGE = "BPF program is too large. Processed 1000001 insn"

CASES = {
    "absent_member": "this kernel's types lack struct task_struct.nope",
    "beyond_context": "dereference of modified ctx ptr R1 off=72000 disallowed",
    "endless_loop": TOO_LARGE,
    "helper_of_another_type": "program of this type cannot use helper bpf_xdp_adjust_head#44",
    "too_long": TOO_LARGE,
    "unchecked_pointer": "R0 invalid mem access 'map_value_or_null'",
    "unknown_helper": "invalid func unknown#9999",
    "variable_stack_offset": "invalid variable-offset write to stack R2 var_off=(0x0; 0xf) off=-8 size=1",
}


def read(name: str) -> str:
    return (LOGS / f"{name}.log").read_text()


def test_every_log_has_its_case() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_telling_line_is_found(name: str) -> None:
    assert diagnose(read(name), errno.EINVAL).summary == CASES[name]


@pytest.mark.parametrize("name", CASES)
def test_only_programs_that_are_too_large_are_over_budget(name: str) -> None:
    assert diagnose(read(name), errno.ENOSPC).over_budget == (CASES[name] == TOO_LARGE)


def test_the_refused_instruction_and_its_line_are_found() -> None:
    found = diagnose(read("unchecked_pointer"), errno.EACCES)
    assert (found.instruction, found.line) == (7, 12)


def test_a_refusal_without_a_log_still_says_something() -> None:
    found = diagnose("", errno.E2BIG)
    assert (found.summary, found.instruction, found.over_budget) == ("it has too many instructions", -1, True)
