"""Two hundred rules of twenty policies at one function and one LSM hook: a link each; one is changed, all are removed.

Two hundred policies are the matter of tests/kernel/test_two_hundred.py: under emulation they take minutes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from inside import ROOT, Shell, forked, prepared
from stages import CHANGED, CROWD, EACH, crowds

CALLS = 3


def test_two_hundred_rules_share_a_function_and_an_lsm_hook(shell: Shell, tmp_path: Path) -> None:
    assert not [case["error"] for case in prepared()["crowd"].values() if case["error"]]
    whole, changed = crowds()
    try:
        shell.apply(whole, tmp_path / "crowd.yaml")
        hooks = Path(ROOT, "hooks").iterdir()
        assert [sum(pin.name.startswith("link") for pin in hook.iterdir()) for hook in hooks] == [1, 1]
        _call()
        shell.apply(changed, tmp_path / "crowd.yaml")
        _call()
        found = _counts(shell)
    finally:
        shell.delete_all()
    once = EACH * CALLS
    expected = {f"crowd-{number:02}": {"called_total": 2 * once, "asked_total": 2 * once} for number in range(CROWD)}
    expected[f"crowd-{CHANGED:02}"]["called_total"] = once  # it has seen none since
    assert found == expected


def _call() -> None:
    def act() -> None:
        Path("/proc/self/comm").write_text("pd-crowd")
        for _ in range(CALLS):
            os.getpgid(os.getpid())  # of 0, oneself, the LSM is not asked

    assert forked(act).code == 0


def _counts(shell: Shell) -> dict[str, dict[str, int]]:
    """Return the counts of each policy by their names."""
    found: dict[str, dict[str, int]] = {}
    families = json.loads(shell.run("metrics", "-o", "json").stdout)["metrics"]
    for family in (family for family in families if family["name"] in {"called_total", "asked_total"}):
        for one in family["series"]:
            found.setdefault(family["policy"], {})[family["name"]] = int(one["value"])
    return found
