"""The clang builder without a kernel: compiling needs no privilege."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from policyd.builders import cage, compiler
from policyd.builders.cache import ObjectCache
from policyd.builders.cage import CompilerError
from policyd.builders.clang import ClangBuilder
from policyd.builders.compiler import Clang, find_clang
from policyd.builders.diagnostics import Lines
from policyd.codegen.source import Source
from policyd.errors import UnsupportedError
from policyd.kernel.bpf.lines import function_length, line_table

PROGRAM = '__attribute__((section("policyd"), used)) int pd_a(unsigned long long *ctx)\n'
GOOD = PROGRAM + "{\n\treturn ctx[1] == 7;\n}\n"
BAD = PROGRAM + '{\n#line 12 "policies/x.yaml"\n\treturn nothing;\n#line 5 "unit.c"\n}\n'


def source(text: str) -> Source:
    return Source(text, ("pd_a",), (), ())


class Refuses(Clang):
    """A compiler that must not be asked."""

    def compile(self, text: str) -> bytes:
        raise AssertionError("compiled again")


def test_c_becomes_an_elf_object() -> None:
    assert ClangBuilder().compile(source(GOOD), "unit").startswith(b"\x7fELF")


def test_the_object_is_the_same_every_time_and_holds_no_path_of_this_host() -> None:
    objects = {ClangBuilder().compile(source(GOOD), "unit") for _ in range(2)}
    assert len(objects) == 1
    assert b"/tmp" not in objects.pop()


def test_another_compiler_is_another_key(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path / "cache")
    real = find_clang()
    ClangBuilder(cache, real).compile(source(GOOD), "unit")
    copy = tmp_path / "clang"
    copy.write_text(f'#!/bin/sh\nexec {real.path} "$@"\n')
    copy.chmod(0o755)
    with pytest.raises(AssertionError, match="compiled again"):
        ClangBuilder(cache, Refuses(copy)).compile(source(GOOD), "unit")


def test_a_missing_compiler_is_said_with_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.shutil, "which", lambda *_, **__: None)
    with pytest.raises(UnsupportedError, match="install the package clang"):
        ClangBuilder().compile(source(GOOD), "unit")


def test_users_get_the_clang_of_their_path_and_root_only_a_system_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "clang"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compiler.os, "geteuid", lambda: 1000)
    assert find_clang().path == mine
    monkeypatch.setattr(compiler.os, "geteuid", lambda: 0)
    assert find_clang().path != mine


@pytest.mark.skipif(os.geteuid() != 0, reason="only root refuses compilers that others can write")
def test_root_refuses_a_compiler_that_others_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loose = tmp_path / "clang"
    loose.write_text("#!/bin/sh\n")
    loose.chmod(0o757)
    monkeypatch.setattr(compiler, "_TRUSTED", (str(tmp_path),))
    with pytest.raises(UnsupportedError):
        find_clang()


def _fake_clang(tmp_path: Path, body: str) -> Clang:
    script = tmp_path / "clang"
    script.write_text(f"#!/bin/sh\ncat >/dev/null\n{body}\n")
    script.chmod(0o755)
    return Clang(script)


def test_a_compiler_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "SECONDS", 1)
    with pytest.raises(CompilerError, match="stopped after 1 s"):
        _fake_clang(tmp_path, "exec sleep 60").compile(GOOD)


def test_a_compiler_that_crashes_is_said_to_have_died(tmp_path: Path) -> None:
    with pytest.raises(CompilerError, match="died of signal 11"):
        _fake_clang(tmp_path, "kill -SEGV $$").compile(GOOD)


def test_a_compiler_that_dies_without_reading_its_input_is_no_broken_pipe(tmp_path: Path) -> None:
    script = tmp_path / "clang"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(CompilerError, match="status 3"):
        Clang(script).compile(GOOD + "/* " + "x" * 200_000 + " */")


def test_a_compiler_that_writes_without_end_is_stopped_by_its_limit(tmp_path: Path) -> None:
    with pytest.raises(CompilerError):
        _fake_clang(tmp_path, "exec cat /dev/zero").compile(GOOD)


def test_what_a_wrapper_starts_before_its_limits_cannot_write_without_end_and_is_killed(tmp_path: Path) -> None:
    pid, script = tmp_path / "pid", tmp_path / "clang"
    script.write_text(f"#!/bin/sh\ncat /dev/zero &\nsleep 300 &\necho $! >{pid}\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(CompilerError):
        Clang(script).compile(GOOD)
    running = Path(f"/proc/{pid.read_text().strip()}/exe")
    deadline = time.monotonic() + 60
    while running.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running.exists()


def test_the_compiler_sees_no_environment_and_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPATH", "/etc")
    with pytest.raises(CompilerError) as caught:
        _fake_clang(tmp_path, "ls -A >&2; env >&2; exit 1").compile(GOOD)
    names = {line.partition("=")[0] for line in str(caught.value).splitlines()}
    assert names <= {"PATH", "LC_ALL", "PWD", "OLDPWD", "_", "SHLVL"}


def test_an_instruction_is_mapped_to_its_line_by_the_object_alone() -> None:
    made = ClangBuilder().compile(source(GOOD), "unit")
    assert Lines(line_table(made, "pd_a")).line(0) == 3
    assert Lines(line_table(made, "no_such_function")).line(0) == 0
    assert (function_length(made, "pd_a"), function_length(made, "no_such_function")) == (5, 0)


def test_a_disk_without_room_for_scratch_files_does_not_stop_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cage.tempfile, "TemporaryDirectory", full)
    assert ClangBuilder().compile(source(GOOD), "unit").startswith(b"\x7fELF")
