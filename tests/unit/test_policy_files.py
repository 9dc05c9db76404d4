"""Files, folders and standard input: what is read, once, and in which order."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from policyd.files import read
from policyd.parsing import Loaded, load

if TYPE_CHECKING:
    import pytest

POLICY = """\
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {{name: {name}}}
spec:
  rules:
    - name: opens
      hook: {{syscall: openat}}
      outputs: [{{event: {{fields: [process]}}}}]
"""


def write(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(POLICY.format(name=name))


def names(loaded: Loaded) -> list[str]:
    return [policy.name for policy in loaded.policies]


def test_a_folder_is_read_in_order_with_all_below(tmp_path: Path) -> None:
    for place in ("b.yaml", "a.yml", "below/c.yaml", "below/deeper/d.yaml", "no.txt", ".hidden.yaml", "..data/e.yaml"):
        write(tmp_path / place, Path(place).name.split(".")[0] or "hidden")
    assert names(load([str(tmp_path)])) == ["a", "b", "c", "d"]


def test_a_mounted_config_map_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "..2026_01_01" / "a.yaml", "a")
    (tmp_path / "..data").symlink_to("..2026_01_01")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    loaded = load([str(tmp_path)])
    assert (names(loaded), loaded.problems) == (["a"], ())


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")
    assert names(load([str(tmp_path), str(tmp_path / "a.yaml"), f"{tmp_path}/../{tmp_path.name}/a.yaml"])) == ["a"]


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path / "policy.txt", "a")
    assert names(load([str(tmp_path / "policy.txt")])) == ["a"]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(POLICY.format(name="piped").encode())))
    loaded = load(["-"])
    assert (names(loaded), loaded.policies[0].source) == (["piped"], "<stdin>:1")


def test_a_name_that_two_files_use_is_a_problem_that_names_both(tmp_path: Path) -> None:
    for place in ("a.yaml", "b.yaml"):
        write(tmp_path / place, "same")
    write(tmp_path / "c.yaml", "other")
    loaded = load([str(tmp_path)])
    (problem,) = loaded.problems
    assert problem.code == "duplicate-policy"
    assert f"{tmp_path}/a.yaml:3:18" in problem.message
    assert str(problem.position) == f"{tmp_path}/b.yaml:3:18"
    assert names(loaded) == ["other"]


def test_one_bad_file_leaves_the_others(tmp_path: Path) -> None:
    write(tmp_path / "good.yaml", "good")
    (tmp_path / "bad.yaml").write_text("[")
    loaded = load([str(tmp_path)])
    assert (names(loaded), [problem.code for problem in loaded.errors]) == (["good"], ["not-yaml"])


def test_an_empty_document_beside_policies_is_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert load([str(tmp_path)]).problems == ()


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(load([str(tmp_path)])) == ["a"]


def test_problems_of_reading_name_what_they_are_about(tmp_path: Path) -> None:
    files, problems = read([str(tmp_path / "missing\x1b[31m"), str(tmp_path)])
    assert files == ()
    assert [problem.code for problem in problems] == ["unreadable-file", "no-files"]
    assert "\x1b" not in str(problems)
