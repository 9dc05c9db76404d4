"""Two hundred policies at one function and one LSM hook: a program and a link each; one is changed, all are removed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from inside import Shell, forked, prepared
from stages import CHANGED, CROWD, crowds

CALLS = 3


def test_two_hundred_policies_share_a_function_and_an_lsm_hook(shell: Shell, tmp_path: Path) -> None:
    assert not [case["error"] for case in prepared()["crowd"].values() if case["error"]]
    whole, changed = crowds()
    shell.apply(whole, tmp_path / "crowd.yaml")
    hooks = json.loads(shell.run("get", "hooks", "-o", "json").stdout)["items"]
    assert len(hooks) == 2
    assert all(len(hook["programs"]) <= 2 + CROWD // 64 for hook in hooks), hooks  # the stub, and the shards of one chain
    _call()
    assert _counts(shell) == {("called_total", CALLS): CROWD, ("asked_total", CALLS): CROWD}

    shell.apply(changed, tmp_path / "crowd.yaml")
    _call()
    assert _counts(shell) == {
        ("called_total", 2 * CALLS): CROWD - 1,
        ("called_total", CALLS): 1,
        ("asked_total", 2 * CALLS): CROWD,
    }
    assert [one["value"] for one in shell.metrics(f"crowd-{CHANGED:03}")["called_total"]] == [CALLS]
    shell.delete_all()


def _call() -> None:
    def act() -> None:
        Path("/proc/self/comm").write_text("pd-crowd")
        for _ in range(CALLS):
            os.getpgid(os.getpid())  # of 0, oneself, the LSM is not asked

    assert forked(act).code == 0


def _counts(shell: Shell) -> dict[tuple[str, int], int]:
    """Return how many policies have which count, by the counter's name."""
    found: dict[tuple[str, int], int] = {}
    families = json.loads(shell.run("metrics", "-o", "json").stdout)["metrics"]
    for family in (family for family in families if family["name"] in {"called_total", "asked_total"}):
        for one in family["series"]:
            key = (family["name"], int(one["value"]))
            found[key] = found.get(key, 0) + 1
    return found
