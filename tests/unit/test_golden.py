"""The C of each case in `tests/golden/`, as it is stored there; and every word of the language is in some case.

A case is a policy, `NAME.yaml`; `NAME.c` is all its programs without the parts that every program has (the files
of `bpf_templates/` that hold no variable, and the kernel's types).  `pytest --update-golden` writes them anew.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from binaries_by_hand import HandBinaries
from resolving import saved_target

from policyd.codegen import render
from policyd.condition import leaves
from policyd.observe import Observed
from policyd.parsing import load
from policyd.plan.rows import allot_rows
from policyd.resolve import Host, resolve
from policyd.unit import BoundUnit, TypedPolicy, gather
from policyd.vocabulary.accessors import ACCESSORS
from policyd.vocabulary.fields import FIELDS
from policyd.vocabulary.hooks import HOOK_KINDS
from policyd.vocabulary.operators import OPERATORS

CHECKOUT = Path(__file__).resolve().parents[2]
CASES = sorted((CHECKOUT / "tests" / "golden").glob("*.yaml"))
TEMPLATES = CHECKOUT / "bpf_templates"
HOST = Host({"lo": "ethernet", "eth0": "ethernet", "wg0": "none"}, "/sys/fs/cgroup", lambda _: True, HandBinaries())


@cache
def programs(case: Path) -> tuple[tuple[BoundUnit, str], ...]:
    """Return the units of a case and their C."""
    typed = [resolve(policy, saved_target(), HOST).policy for policy in load([str(case)]).require()]
    desired = gather(typed)
    rows = allot_rows(desired, Observed())
    maps = {(spec.policy, spec.name): spec for policy in typed for spec in policy.maps}
    bound = [BoundUnit(unit, rows, maps) for unit in desired.units]
    return tuple((one, render(one, saved_target()).text) for one in bound)


@cache
def fixed_parts() -> dict[str, str]:
    """Return the templates that print nothing of a program."""
    files = {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.c")}
    fixed = {name: text for name, text in files.items() if "/*{" not in text and "/*%" not in text}
    return dict(sorted(fixed.items(), key=lambda item: -len(item[1])))


def without_fixed_parts(text: str) -> str:
    """Return the text with its fixed parts and the kernel's types replaced by their names."""
    for name, part in fixed_parts().items():
        text = text.replace(part, f"/* {name} */\n")
    text = re.sub(
        r"#pragma clang attribute push.*?#pragma clang attribute pop\n", "/* types of the kernel */\n", text, flags=re.DOTALL
    )
    text = text.replace(str(CHECKOUT) + "/", "")
    return re.sub(r'#line \d+ "policyd.c"', '#line here "policyd.c"', text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_code_of_a_case_is_as_stored(case: Path, request: pytest.FixtureRequest) -> None:
    found = "\n".join(without_fixed_parts(text) for _, text in programs(case))
    stored = case.with_suffix(".c")
    if request.config.getoption("--update-golden"):
        stored.write_text(found)
    assert found == stored.read_text(), "run pytest --update-golden, and look at what changed"


def policies() -> list[TypedPolicy]:
    return [resolve(policy, saved_target(), HOST).policy for case in CASES for policy in load([str(case)]).require()]


def test_every_operator_is_in_some_case() -> None:
    used = {word for case in CASES for word in re.findall(r"operator: (\w+)", case.read_text())}
    missing = set(OPERATORS) - used
    # Equal, In and InCIDR stand in the cases by themselves; a name here is a row that no case covers
    assert missing == set(), f"no golden case uses {sorted(missing)}"


def test_every_hook_kind_is_in_some_case() -> None:
    used = {rule.hook_kind for policy in policies() for rule in policy.rules}
    assert {row.kind for row in HOOK_KINDS} - used == set()


def test_every_accessor_is_in_some_case() -> None:
    text = "".join(text for case in CASES for _, text in programs(case))
    calls = set(re.findall(r"return (\w+)\(r, ", text))
    kept_in_the_table = {"process_exe", "process_args", "process_parent_exe"}
    named = {row.accessor for row in (*FIELDS, *ACCESSORS) if row.accessor}
    missing = named - calls - kept_in_the_table
    assert missing == set(), f"no golden case reads {sorted(missing)}"


def test_every_output_and_action_is_in_some_case() -> None:
    rules = [rule for policy in policies() for rule in policy.rules]
    purposes = {output.purpose for rule in rules for output in rule.outputs if hasattr(output, "purpose")}
    verdicts = {rule.action.verdict for rule in rules}

    assert purposes == {"counter", "sum", "gauge", "min", "max", "histogram", "stats", "stacks"}
    assert verdicts == {"none", "deny", "drop", "pass", "mark", "return", "redirect"}
    assert any(rule.action.signal for rule in rules)


def test_conditions_are_found_again_in_the_code() -> None:
    """Sanity of the cases: each test of each rule has its function."""
    for case in CASES:
        for bound, text in programs(case):
            tests = {test for rule in bound.unit.rules for test in leaves(rule.condition)}
            assert len(re.findall(r"^PD_INLINE int test_\d+\(", text, flags=re.MULTILINE)) >= min(len(tests), 1)
