"""What somebody takes away from the engine's own things is seen by `get`, mended by `apply`, and both say what it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_cli_round import Cli, cli

from policyd.unit import PROCESS_POINTS

__all__ = ["cli"]

pytestmark = pytest.mark.kernel

TRACKS = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: tracks}
spec:
  rules:
    - name: calls
      hook: {syscall: getpriority}
      filters:
        - {field: process.exe, operator: Equal, value: /nonexistent}
      outputs:
        - event: {fields: [process.exe]}
"""
PLAIN = """
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: plain}
spec:
  rules:
    - name: calls
      hook: {syscall: sched_get_priority_min}
      outputs:
        - event: {fields: [process.pid]}
"""
FORK = next(point for point in PROCESS_POINTS if point.target == "sched_process_fork")
DAMAGES = {
    "link": "its link is not pinned any more",
    "slot": "its slot is not pinned any more",
    "program-0": "a program is not pinned any more",
    "the slot's program": "another program runs in its place",
}


def damage(root: str, what: str) -> None:
    hook = Path(root, "hooks", FORK.id)
    if what != "the slot's program":
        (hook / what).unlink()
        return
    subprocess.run(["bpftool", "map", "delete", "pinned", hook / "slot", "key", "0", "0", "0", "0"], check=True)


def phases(cli: Cli) -> dict[str, str]:
    return {item["metadata"]["name"]: item["status"]["phase"] for item in cli.json("get", "policies")["items"]}


@pytest.fixture
def files(cli: Cli) -> tuple[str, ...]:
    """Apply both policies; return the words that apply them again."""
    words = ("-f", cli.write("tracks.yaml", TRACKS), "-f", cli.write("plain.yaml", PLAIN))
    cli("apply", *words)
    assert phases(cli) == {"tracks": "Ready", "plain": "Ready"}
    return words


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_to_a_process_hook_is_told_by_get_and_mended_by_apply(cli: Cli, files: tuple[str, ...], what: str) -> None:
    damage(cli.root, what)

    assert phases(cli) == {"tracks": "Degraded", "plain": "Ready"}
    assert f"{FORK.key}: {DAMAGES[what]}" in cli("describe", "policy", "tracks")
    hooks = {item["name"]: item["reason"] for item in cli.json("get", "hooks")["items"]}
    assert {name: reason for name, reason in hooks.items() if reason} == {FORK.key: DAMAGES[what]}
    assert "policy/tracks changed" in cli("diff", *files, code=1)

    said = cli("apply", *files).splitlines()
    assert f"mended: {FORK.key} ({DAMAGES[what]})" in said
    assert {"policy/tracks changed", "policy/plain unchanged"} <= set(said)
    assert phases(cli) == {"tracks": "Ready", "plain": "Ready"}
    assert cli.json("apply", *files)["mended"] == []


@pytest.mark.parametrize("name", ["config", "processes"])
def test_a_shared_map_that_was_unpinned_is_told_by_get_and_mended_by_apply(
    cli: Cli, files: tuple[str, ...], name: str
) -> None:
    Path(cli.root, "shared", name).unlink()

    everybody = name == "config"
    assert phases(cli) == {"tracks": "Degraded", "plain": "Degraded" if everybody else "Ready"}
    assert f"shared map {name} is not pinned (removed, or new in this policyd): apply makes it" in cli(
        "describe", "policy", "tracks"
    )

    document = cli.json("apply", *files)
    assert document["mended"][0] == {"what": f"shared map {name}", "reason": "it was removed from outside"}
    kinds = {outcome["policy"]: outcome["outcome"] for outcome in document["outcomes"]}
    assert kinds == {"tracks": "changed", "plain": "changed" if everybody else "unchanged"}
    assert phases(cli) == {"tracks": "Ready", "plain": "Ready"}
    cli("diff", *files)
