"""Every problem's code has a bad policy in tests/bad_policies, with the messages that it gets beside it.

There is no switch that writes the messages: each was read by somebody before it was committed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.document import MAX_FILE_BYTES
from policyd.parsing import load
from policyd.parsing.codes import CODES

FOLDER = Path(__file__).parent.parent / "bad_policies"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
WITHOUT_A_FILE = {"unreadable-file", "no-files", "file-too-large"}
"""Codes about files as such: their tests are below."""


@pytest.mark.parametrize("case", CASES)
def test_a_bad_policy_gets_exactly_its_messages(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    loaded = load([f"{case}.yaml"])
    assert "".join(f"{problem}\n" for problem in loaded.problems) == Path(f"{case}.txt").read_text()
    assert case.split(".", maxsplit=1)[0] in {problem.code for problem in loaded.problems}


def test_every_code_has_a_bad_policy() -> None:
    assert {case.split(".")[0] for case in CASES} | WITHOUT_A_FILE == set(CODES)


def test_what_is_not_there_is_named() -> None:
    (problem,) = load(["/nowhere/at/all.yaml"]).problems
    assert (problem.code, problem.message) == (
        "unreadable-file",
        "cannot read `/nowhere/at/all.yaml`: No such file or directory",
    )


def test_a_folder_without_policies_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no policy")
    (problem,) = load([str(tmp_path)]).problems
    assert (problem.code, problem.severity) == ("no-files", "warning")


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert [problem.code for problem in load([str(large)]).problems] == ["file-too-large"]


def test_an_endless_file_ends() -> None:
    assert [problem.code for problem in load(["/dev/zero"]).problems] == ["file-too-large"]


def test_a_link_to_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    assert [problem.code for problem in load([str(tmp_path)]).problems] == ["unreadable-file"]
