"""The programs of the golden cases pass this kernel's verifier: every template, every word of the language."""

from __future__ import annotations

import pytest
from inside import Shell, prepared, version
from stages import GOLDEN, GOLDEN_HOST, cases

from policyd.cli import loading, wiring
from policyd.kernel.functions import injectable_functions

ABSENT = {} if injectable_functions() else {"callers": {"refused"}}
"""Rules that need CONFIG_FUNCTION_ERROR_INJECTION, which Debian's kernels are built without."""
NEEDS = {"netfilter": (6, 4), "netkit": (6, 7)}
"""The kernels that first had the hooks of some cases."""


@pytest.mark.parametrize("name", [case.stem for case in cases(GOLDEN)])
def test_the_programs_of_a_golden_case_pass_the_verifier(shell: Shell, name: str) -> None:
    told = prepared()["golden"][name]
    if version() < NEEDS.get(name, (0, 0)):
        assert f"{name} hooks need Linux" in told["error"]
        return
    assert not told["error"], told["error"]
    assert set(told["not_applicable"]) == ABSENT.get(name, set())
    shell.run("apply", "--dry-run=kernel", "-f", str(GOLDEN / f"{name}.yaml"), before=_with_the_host_of_the_cases)


def _with_the_host_of_the_cases() -> None:
    """Nothing is attached: that the interfaces are not there matters to nobody."""
    ours = loading.target_and_host
    loading.target_and_host = wiring.target_and_host = lambda settings: (ours(settings)[0], GOLDEN_HOST)
