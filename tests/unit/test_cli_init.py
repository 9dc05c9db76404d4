"""`policyd init`: whatever is chosen is valid, nothing is written over, and answers are asked for until they fit."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from binaries_by_hand import HandBinaries
from resolving import saved_target

from policyd.assembly import resolve_all
from policyd.cli import cli, run
from policyd.errors import Problem
from policyd.host import Host
from policyd.parsing import parse_policies
from policyd.starters import STARTERS, Starter, write

HOST = Host({"lo": "ethernet", "eth0": "ethernet"}, "/sys/fs/cgroup", lambda _: True, HandBinaries())
NAMES = {one.kind: one.example for one in STARTERS.values()} | {
    "tracepoints": ("sock/inet_sock_set_state", "block/block_rq_issue")  # formats of these are saved
}
CHOICES = [*NAMES.items(), *((one.kind, ()) for one in STARTERS.values() if not one.required)]


def problems(text: str) -> tuple[Problem, ...]:
    found = parse_policies(text.encode(), "init.yaml")
    return (*found.problems, *resolve_all(found.policies, saved_target(), HOST)[1])


@pytest.mark.parametrize(("kind", "names"), CHOICES)
def test_a_first_policy_is_valid_and_every_line_of_it_fits_a_page(kind: str, names: tuple[str, ...]) -> None:
    text = write(STARTERS[kind], "first", names)

    assert [str(one) for one in problems(text) if one.severity == "error"] == []
    assert max(map(len, text.splitlines())) <= 125
    assert all(name in text for name in names)


@pytest.mark.parametrize("starter", STARTERS.values(), ids=lambda starter: starter.kind)
def test_what_is_a_comment_is_valid_too_once_its_sign_is_taken_away(starter: Starter) -> None:
    text = write(starter, "first", NAMES[starter.kind])
    head, _, spec = text.partition("spec:\n")
    shown = [line.replace("# - {", "- {", 1) if line.lstrip().startswith("# - {") else line for line in spec.splitlines()]

    assert [str(one) for one in problems(f"{head}spec:\n" + "\n".join(shown)) if one.severity == "error"] == []


@pytest.mark.parametrize("starter", STARTERS.values(), ids=lambda starter: starter.kind)
def test_the_commands_that_come_next_are_commands(starter: Starter) -> None:
    for words in starter.commands("first"):
        name, *rest = words.split()
        with cli.make_context("policyd", [name, *rest], resilient_parsing=False) as context:
            assert cli.get_command(context, name)


def test_names_that_yaml_would_take_for_something_else_are_quoted() -> None:
    names = ("/bin/a, b", "no: {x}", '"', "2001:db8::/32", "eth*")

    (policy,) = parse_policies(write(STARTERS["programs"], "first", names).encode(), "init.yaml").require()
    assert policy.params[0].values == names


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to stand in, and a host on which everything is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("policyd.cli.init.target_and_host", lambda _: (saved_target(), HOST))
    return tmp_path


class Terminal(io.StringIO):
    """A standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is answered, one prompt after the other; nothing for the default."""
    given: list[str] = []

    def prompt(*_: Any, default: str, **__: Any) -> str:
        return given.pop(0) or default

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", prompt)
    return given


def test_options_alone_write_a_policy_and_tell_what_comes_next(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--kind", "files", "--name", "/srv", "-o", "srv_opens.yaml", "--yes"]) == 0

    text = (here / "srv_opens.yaml").read_text()
    assert "name: srv-opens #" in text
    assert "values: [/srv]" in text
    assert "sudo policyd apply -f srv_opens.yaml" in capsys.readouterr().out


def test_a_file_that_is_there_is_written_over_only_by_force(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "cpu.yaml").write_text("mine")

    assert run(["init", "--kind", "cpu", "--yes"]) == 64
    assert (here / "cpu.yaml").read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert run(["init", "--kind", "cpu", "--yes", "--force"]) == 0
    assert "cpu-clock" in (here / "cpu.yaml").read_text()


def test_a_folder_takes_a_file_of_the_kinds_name_and_one_that_is_missing_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "policies").mkdir()

    assert run(["init", "--kind", "drops", "--yes", "-o", "policies"]) == 0
    assert (here / "policies/drops.yaml").is_file()
    assert run(["init", "--kind", "drops", "--yes", "-o", "none/drops.yaml"]) == 64
    assert "there is no folder `none`" in capsys.readouterr().err


def test_what_is_not_valid_is_not_written_and_near_misses_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--kind", "syscalls", "--name", "fsnc", "--yes"]) == 2

    told = capsys.readouterr().err
    assert "did you mean `fsync`" in told
    assert "nothing was written" in told
    assert list(here.iterdir()) == []


def test_a_policy_that_is_printed_is_all_that_is_printed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--kind", "connections", "--yes", "-o", "-", "--policy", "mine"]) == 0

    assert capsys.readouterr().out == write(STARTERS["connections"], "mine", ())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--kind"),
        (["--kind", "fils"], "did you mean `files`"),
        (["--kind", "files", "--policy", "My_Policy", "--yes"], "no name of a policy"),
    ],
)
def test_words_that_cannot_be_followed_say_what_would_be(
    words: list[str], told: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert run(["init", *words]) == 64
    assert told in capsys.readouterr().err


def test_on_a_terminal_it_asks_for_what_names_and_place(here: Path, answers: list[str]) -> None:
    answers += ["files", "/etc, /boot", "mine.yaml"]

    assert run(["init"]) == 0
    assert "values: [/etc, /boot]" in (here / "mine.yaml").read_text()
    assert answers == []


def test_an_answer_that_does_not_fit_is_asked_for_again(
    here: Path, answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "syscalls.yaml").write_text("mine")
    answers += ["12", "wat", "3", "fsnc", "", "other.yaml", "fsync"]

    assert run(["init"]) == 0
    told = capsys.readouterr().err
    assert "there is no kind `12`" in told
    assert "syscalls.yaml is there already" in told
    assert "there is no system call `fsnc`" in told
    assert "names: [fsync]" in (here / "other.yaml").read_text()


def test_packets_are_asked_about_at_an_interface(here: Path, answers: list[str]) -> None:
    answers += ["packets", "eth0", "192.0.2.0/24", ""]

    assert run(["init"]) == 0
    assert "interfaces: [eth0]" in (here / "packets.yaml").read_text()


def test_the_kinds_are_listed_with_what_they_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [one.kind for one in STARTERS.values()] == [line.split()[0] for line in lines[1:] if line[0] != " "]
