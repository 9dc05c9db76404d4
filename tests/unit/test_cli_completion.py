"""Completion: names of every kind, and the scripts in the shells themselves, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from state_by_hand import OBSERVED_HOOK, RECORD, FakeKernel

from policyd.cli import cli, run
from policyd.cli.completion import command as completion

SHELLS = completion.params[0].type.choices  # type: ignore[attr-defined]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with one policy that has a table, a list of params and a hook; and no agent."""

    class Statistics:
        hook = OBSERVED_HOOK.record.point.key if OBSERVED_HOOK.record else ""

    monkeypatch.setattr("policyd.cli.names.open_kernel", lambda *_: FakeKernel())
    monkeypatch.setattr("policyd.record.read_policies", lambda _: {"opens": RECORD})
    monkeypatch.setattr("policyd.reading.account.read_hooks", lambda _: [Statistics])
    monkeypatch.setenv("POLICYD_SOCKET", "/nowhere/agent.sock")


def completed(line: str) -> list[str]:
    """Return what completes the last word of a command line (nothing stands behind a blank)."""
    *words, incomplete = line.split(" ")
    shell = ShellComplete(cli, {}, "policyd", "_POLICYD_COMPLETE")
    return [item.value for item in shell.get_completions(words, incomplete)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("get ", ["policies", "hooks", "maps", "records", "lists", "sources"]),
        ("get hooks tr", ["tracepoint:syscalls/sys_enter_openat"]),
        ("get policy o", ["opens"]),
        ("get records ", ["opens", "started"]),
        ("get maps opens/", ["opens/opens_total", "opens/started"]),
        ("get sources ", []),
        ("get nothing ", []),
        ("describe ", ["policies", "hooks", "sources"]),
        ("describe policy ", ["opens"]),
        ("delete ", ["policy"]),
        ("delete policy ", ["opens"]),
        ("delete policy opens ", []),
        ("events ", ["opens"]),
        ("report ", ["opens"]),
        ("params set opens ", ["watched="]),
        ("params set opens watched=/etc ", []),
        ("params unset opens w", ["watched"]),
        ("params set other ", []),
        ("suspend ", []),
        ("explain operator InC", ["InCIDR"]),
        ("explain hook cgroup:connect", ["cgroup:connect4", "cgroup:connect6"]),
        ("init --kind f", ["files", "functions"]),
        ("init --interface l", ["lo"]),
    ],
)
def test_names_of_what_there_is_are_completed(host: None, line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_without_root_nothing_is_completed_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("policyd.cli.context.os.geteuid", lambda: 65534)
    monkeypatch.setattr("policyd.cli.context.missing", lambda _: ["CAP_BPF"])
    monkeypatch.setenv("POLICYD_SOCKET", "/nowhere/agent.sock")

    for line in ("events ", "get hooks ", "get records ", "get lists ", "params set x ", "stacks "):
        assert completed(line) == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_one_that_its_shell_takes(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")

    checked = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


# ------------------------------------------------------------------------------------------------ in real shells

BASH = """
source "$1"
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_LINE="$2" COMP_POINT=${#2}
compopt() { :; }
_policyd_completion policyd
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """An environment in which `policyd` is this checkout's."""
    (tmp_path / "bin").mkdir()
    found = tmp_path / "bin/policyd"
    found.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m policyd "$@"\n')
    found.chmod(0o755)
    return os.environ | {"PATH": f"{found.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def script(shell: str, program: dict[str, str], tmp_path: Path) -> Path:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / f"completion.{shell}"
    path.write_text(
        subprocess.run(["policyd", "completion", shell], env=program, capture_output=True, text=True, check=True).stdout
    )
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("policyd reco", ["reconcile"]),
        ("policyd explain hook cgroup:connect", ["connect4", "connect6"]),  # bash has `cgroup:` already
        ("policyd explain --sea", ["--search"]),
        ("policyd completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes(line: str, expected: list[str], program: dict[str, str], tmp_path: Path) -> None:
    words = ["bash", "--norc", "-c", BASH, "bash", str(script("bash", program, tmp_path)), line]
    done = subprocess.run(words, env=program, capture_output=True, text=True, check=False)

    assert (done.stdout.split(), done.stderr) == (expected, "")


def test_fish_completes(program: dict[str, str], tmp_path: Path) -> None:
    path = script("fish", program, tmp_path)
    words = ["fish", "-N", "-c", f"source {path}; complete -C 'policyd explain hook cgroup:connect'"]

    assert subprocess.run(words, env=program, capture_output=True, text=True, check=True).stdout.split() == [
        "cgroup:connect4",
        "cgroup:connect6",
    ]


def test_every_word_that_can_be_completed_says_so() -> None:
    """Arguments that are names of what runs are completed: a new command is not forgotten."""
    forgotten = []
    with click.Context(cli) as context:
        for name in cli.list_commands(context):
            command = cli.get_command(context, name)
            inner = list(command.commands.values()) if isinstance(command, click.Group) else [command]
            for one in inner:
                for parameter in one.params if one else ():
                    plain = parameter.type is click.STRING and parameter._custom_shell_complete is None
                    if isinstance(parameter, click.Argument) and plain:
                        forgotten.append((name, parameter.name))
    assert forgotten == []
