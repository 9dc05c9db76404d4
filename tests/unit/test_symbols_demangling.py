"""Names of C++ and Rust: as c++filt says, and as they are where it is missing, breaks or says too little."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policyd.symbols import demangle
from policyd.symbols.demangle import demangled, is_mangled

VECTOR, RUST = "_ZNSt6vectorIiSaIiEE5clearEv", "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"


@pytest.mark.skipif(shutil.which(demangle.PROGRAM) is None, reason="c++filt is not installed")
def test_mangled_names_are_what_their_authors_wrote() -> None:
    assert demangled([VECTOR, RUST, "read", "_Znonsense", VECTOR]) == {
        VECTOR: "std::vector<int, std::allocator<int> >::clear",
        RUST: "core::fmt::Formatter::pad",
    }


def test_other_names_are_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demangle.subprocess, "run", lambda *_, **__: pytest.fail("asked"))

    assert demangled(["read", "main", "_start", "_Z with blanks", "_Z\nlines"]) == {}
    assert is_mangled("_RNvC3foo3bar")


@pytest.mark.parametrize(
    "body", ["exit 1", "kill -9 $$", "echo one; echo two; echo three", "exec sleep 60", "printf '\\033[2J\\n'"]
)
def test_a_demangler_that_breaks_costs_nothing_but_names(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    program = tmp_path / demangle.PROGRAM
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setattr(demangle.shutil, "which", lambda _: str(program))
    monkeypatch.setattr(demangle, "_SECONDS", 0.5)

    assert "\x1b" not in "".join(demangled([VECTOR]).values())


def test_without_the_program_names_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demangle.shutil, "which", lambda _: None)

    assert demangled([VECTOR]) == {}
