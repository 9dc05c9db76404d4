"""The group, its options, and what becomes of errors: `policyd.cli.run` and the real program."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

import policyd.errors
from policyd import cli
from policyd.cli import COMMANDS, Entry, run
from policyd.cli.failure import EXIT_CODES, count_problems
from policyd.errors import (
    KernelError,
    LockError,
    NotFoundError,
    PolicydError,
    PolicyError,
    Position,
    PrivilegeError,
    Problem,
    VerifierError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.cli.context import Settings

PROGRAM = [sys.executable, "-m", "policyd"]


def policyd_(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make `policyd version` raise."""

    def install(error: BaseException) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        module = importlib.import_module("policyd.cli.version")
        monkeypatch.setattr(module, "versions", fail)

    return install


# ------------------------------------------------------------------------------------------------ help


def test_help_names_every_command_and_every_exit_code() -> None:
    shown = policyd_("--help").stdout

    assert all(
        re.search(rf"^  {entry.name}  .*{re.escape(entry.help.split()[0])}", shown, re.MULTILINE) for entry in COMMANDS
    )
    assert all(re.search(rf"^  {code}\s", shown, re.MULTILINE) for code, _ in EXIT_CODES)


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_has_help_with_examples(entry: Entry) -> None:
    command = importlib.import_module(entry.module).command
    with click.Context(command, info_name=f"policyd {entry.name}") as context:
        shown = command.get_help(context)

    assert "Examples:" in shown
    assert f"policyd {entry.name}" in shown.split("Examples:")[1]


def test_help_is_instant_because_it_imports_no_command() -> None:
    heavy = "pydantic|jinja2|msgspec|pyroute2|yaml|structlog|ctypes"
    code = (
        "import sys\n"
        "before = len(sys.modules)\n"
        "import policyd.cli as cli\n"
        "assert cli.run(['--help']) == 0\n"
        "assert len(sys.modules) - before < 100, sorted(sys.modules)\n"
        f"sys.exit(', '.join(name for name in sys.modules if name.partition('.')[0] in {heavy.split('|')!r}) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stderr) == (0, "")


def test_every_error_class_has_a_documented_exit_code() -> None:
    classes = [kind for kind in vars(policyd.errors).values() if isinstance(kind, type) and issubclass(kind, PolicydError)]

    assert {kind.exit_code for kind in classes} <= {code for code, _ in EXIT_CODES}
    assert all(kind.exit_code not in (0, 1) for kind in classes)


def test_an_unknown_command_names_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["aply"]) == 64
    assert "Did you mean apply?" in capsys.readouterr().err


def test_an_unknown_option_is_a_usage_error_with_the_way_to_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version", "--wat"]) == 64
    assert "policyd version --help" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("policyd ge", "get"),
        ("policyd get po", "policies"),
        ("policyd explain ho", "hooks"),
        ("policyd params un", "unset"),
        ("policyd apply --dry", "--dry-run"),
        ("policyd --ro", "--root"),
    ],
)
def test_shells_complete_commands_kinds_topics_and_options(words: str, expected: str) -> None:
    environment = {"COMP_LINE": words, "COMP_BREAKS": " :=", "_POLICYD_COMPLETE": "bash_complete"}

    assert f"plain,{expected}" in policyd_(**environment).stdout.split()


# ------------------------------------------------------------------------------------------------ global options


@pytest.mark.parametrize(
    "words", [["--root", "/a", "probe"], ["probe", "--root", "/a"], ["--root", "/b", "probe", "--root", "/a"]]
)
def test_global_options_stand_before_or_after_the_command(words: list[str], probe: list[Settings]) -> None:
    assert run(words) == 0
    assert probe[0].root == "/a"


def test_global_options_come_from_the_environment_unless_given(
    probe: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYD_ROOT", "/env")
    monkeypatch.setenv("POLICYD_TARGET", "/profile")

    assert run(["probe"]) == run(["probe", "--root", "/given"]) == 0
    assert [(one.root, one.target) for one in probe] == [("/env", "/profile"), ("/given", "/profile")]


def test_verbose_before_the_command_is_kept(probe: list[Settings]) -> None:
    assert run(["-v", "probe"]) == 0
    assert probe[0].verbose


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """A command `probe` that remembers the settings it was called with."""
    seen: list[Settings] = []

    @click.command()
    @click.pass_obj
    def command(settings: Settings) -> None:
        seen.append(settings)

    module = type(sys)("policyd.cli.probe")
    module.command = command
    monkeypatch.setitem(sys.modules, "policyd.cli.probe", module)
    monkeypatch.setitem(cli._BY_NAME, "probe", Entry("probe", "Probe", "Here"))
    return seen


# ------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("no such policy"), 4),
        (LockError("held"), 8),
        (KernelError("load", 28), 7),
        (PrivilegeError("root"), 77),
        (PolicydError("something"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (BrokenPipeError(), 141),
        (OSError(28, "No space left on device", "/var/cache"), 7),
        (ValueError("oops"), 70),
        (RecursionError("deep"), 70),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_errors_become_exit_codes_without_a_traceback(
    error: BaseException, code: int, raising: Callable[[BaseException], None], capfd: pytest.CaptureFixture[str]
) -> None:
    raising(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("policyd.cli.failure.os.dup2", lambda *_: None)
        assert run(["version"]) == code
    assert "Traceback" not in capfd.readouterr().err


def test_a_bug_is_one_line_and_says_so(raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]) -> None:
    raising(ValueError("oops"))

    assert run(["version"]) == 70
    assert capsys.readouterr().err.splitlines() == [
        "error: ValueError: oops",
        "This is a bug of policyd; --verbose shows where.",
        "    what runs goes on; a report of it needs this, the command, and what `policyd version` prints",
    ]


@pytest.mark.parametrize(
    ("number", "told"), [(13, "sudo"), (2, "its folder exists"), (28, "no room left"), (30, "another place")]
)
def test_what_the_system_refuses_says_what_to_do(
    number: int, told: str, raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(OSError(number, os.strerror(number), "/some/file"))

    assert run(["version"]) == 7
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"error: /some/file: {os.strerror(number)}"
    assert told in lines[1]


def test_verbose_shows_where_a_bug_is(raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]) -> None:
    raising(ValueError("oops"))

    assert run(["version", "--verbose"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_the_verifier_log_is_shown_under_verbose(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(VerifierError("xdp:eth0", "R1 invalid mem access", "0: (b7) r1 = 0\n1: (61) r0 = *(u32 *)(r1 +0)\n", 13))

    assert run(["version"]) == run(["version", "-v"]) == 6
    short, whole = capsys.readouterr().err.split("error:")[1:]
    assert "R1 invalid mem access" in short
    assert "(61)" not in short
    assert "1: (61) r0" in whole


def test_all_problems_are_listed_in_order_with_totals(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def at(file: str, line: int) -> Position:
        return Position(file, line, 1)

    raising(
        PolicyError(
            [
                Problem("b", "second", at("b.yaml", 1), severity="warning"),
                Problem("c", "third", at("b.yaml", 12)),
                Problem("a", "first", at("a.yaml", 9)),
            ]
        )
    )

    assert run(["version"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [re.search("first|second|third|errors", line)[0] for line in lines] == ["first", "second", "third", "errors"]
    assert lines[-1] == "2 errors, 1 warning in 2 files"


def test_totals_are_spelled_for_one_and_many() -> None:
    error, warning = Problem("a", "b", Position("f", 1, 1)), Problem("a", "b", Position("f", 1, 1), severity="warning")

    assert count_problems([error]) == "1 error in 1 file"
    assert count_problems([warning, warning]) == "2 warnings in 1 file"
    assert count_problems([]) == "0 errors"


def test_terminal_escapes_of_a_message_are_shown_not_sent(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(NotFoundError("no policy \x1b]0;owned\x07"))

    assert run(["version"]) == 4
    assert "\\x1b]0;owned\\x07" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error_message() -> None:
    found = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} --help | head -1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stderr == ""
    assert found.stdout.splitlines()[1] in {"0", "141"}
