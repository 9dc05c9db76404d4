"""`validate` and `render` on good and bad files: no root, no kernel objects, no traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policyd.cli import run

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
apiVersion: policyd.dev/v1alpha1
kind: Policy
metadata: {name: good}
spec:
  rules:
    - name: open
      hook: {syscall: {names: openat, abi: [Native, Compat]}}
      outputs: [{counter: {name: opens_total}}]
"""
BAD = GOOD.replace("name: opens_total", "nam: opens_total").replace("metadata: {name: good}", "metadata: {name: bad}")

HOSTILE = {
    "empty": b"",
    "not YAML": b"a: [1, 2\nb: }",
    "binary": bytes(range(256)),
    "a NUL": b"a\0b",
    "UTF-16": GOOD.encode("utf-16"),
    "deep": b"[" * 200_000,
    "deep mappings": b"{a: " * 100_000,
    "alias bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(12)
    ),
    "duplicate keys": GOOD.encode() + b"kind: Policy\n",
    "a list": b"- 1\n- 2\n",
    "a scalar": b"hello",
    "escapes in a name": GOOD.replace("{name: good}", '{name: "a\\e]0;x\\ab"}').encode(),
    "escapes in a key": GOOD.replace("spec:", '"sp\\eec":').encode(),
    "a very long name": GOOD.replace("good", "g" * 10_000).encode(),
    "C in a name": GOOD.replace("good", '"*/ #include <x>"').encode(),
    "another kind": GOOD.replace("kind: Policy", "kind: Pod").encode(),
    "another version": GOOD.replace("v1alpha1", "v9").encode(),
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_problems_with_places_and_never_tracebacks(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.yaml").write_bytes(data)

    assert run(["validate", str(tmp_path / "x.yaml")]) == 2
    told = capsys.readouterr().err
    assert "error" in told
    assert "Traceback" not in told
    assert "bug of policyd" not in told
    assert all(character.isprintable() or character == "\n" for character in told)


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(50 << 20)

    assert run(["validate", str(tmp_path / "huge.yaml")]) == 2
    assert "huge.yaml" in capsys.readouterr().err


def test_all_files_of_a_folder_are_told_about_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "below").mkdir()
    for name, text in (("good.yaml", GOOD), ("bad.yaml", BAD), ("below/worse.yml", BAD.replace("bad", "worse"))):
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert run(["validate", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.index("bad.yaml:8") < told.index("worse.yml:8")
    assert told.splitlines()[-1].startswith("2 errors")


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "/nonexistent/policy.yaml"]) == 2
    assert "/nonexistent/policy.yaml" in capsys.readouterr().err


def test_good_files_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")

    assert run(["validate", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 policy in 1 file: valid\n"


def test_problems_as_json_have_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD, encoding="utf-8")

    assert run(["validate", "-o", "json", str(file)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["valid"] is False
    assert {(row["severity"], row["file"], row["line"]) for row in found["problems"]} >= {("error", str(file), 8)}
    assert all(row["code"] and row["message"] for row in found["problems"])


def test_strict_takes_warnings_for_errors(tmp_path: Path) -> None:
    (tmp_path / "warned.yaml").write_text(GOOD.replace("{names: openat, abi: [Native, Compat]}", "openat"), encoding="utf-8")

    assert run(["validate", str(tmp_path)]) == 0
    assert run(["validate", "--strict", str(tmp_path)]) == 2


def test_render_shows_the_program_of_each_attach_point(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "two.yaml"
    text = GOOD.replace("{syscall: {names: openat, abi: [Native, Compat]}}", "{syscall: [openat, getppid]}")
    file.write_text(text, encoding="utf-8")

    assert run(["render", "--list", str(file)]) == 0
    keys = capsys.readouterr().out.split()
    assert keys == ["tracepoint:syscalls/sys_enter_getppid", "tracepoint:syscalls/sys_enter_openat"]
    assert run(["render", "--hook", keys[1], str(file)]) == 0
    shown = capsys.readouterr().out
    assert "sys_enter_openat" in shown
    assert "sys_enter_getppid" not in shown
    assert run(["render", "--hook", "xdp:eth9", str(file)]) == 4


def test_explain_answers_without_root_and_names_near_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "hook", "syscall:openat"]) == 0
    assert "args.filename" in capsys.readouterr().out
    assert run(["explain", "hook", "syscall:opennat"]) == 4
    assert "openat" in capsys.readouterr().err


def test_explain_and_schema_have_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "operators", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Operators"
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"]
