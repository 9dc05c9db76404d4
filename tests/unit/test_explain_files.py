"""`policyd explain hook` of a file: what is in it to be hooked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from probed import compile_probed
from resolving import saved_target

from policyd.elf import ElfError
from policyd.errors import NotFoundError
from policyd.explain import explain

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the saved target is x86_64")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_probed(tmp_path_factory.mktemp("elf") / "probed")


def rows(name: str, title: str) -> dict[str, tuple[str, ...]]:
    page = explain("hook", name, saved_target())
    (table,) = (table for table in page.tables if table.title.startswith(title))
    return {first: rest for first, *rest in table.rows}


def test_the_probes_of_a_file_are_listed_with_their_arguments(program: Path) -> None:
    found = rows(f"usdt:{program}", "Probes of")
    assert set(found) == {"demo:fire", "demo:quiet"}
    assert found["demo:fire"][1] == "args[0] s32, args[1] u64, args[2] s16, args[3] s32, args[4] u64"
    assert set(rows(f"usdt:{program}:*:q*", "Probes of")) == {"demo:quiet"}


def test_the_functions_of_a_file_are_listed_by_glob(program: Path) -> None:
    assert set(rows(f"uprobe:{program}:[gn]*e*", "Functions of")) == {"greet", "nine"}
    assert "add" in rows(f"uretprobe:{program}", "Functions of")


def test_indirect_functions_are_told() -> None:
    assert "indirect" in rows("uprobe:libc:memcpy", "Functions of")["memcpy"][2]


def test_a_file_with_many_functions_shows_some_and_says_so() -> None:
    page = explain("hook", "uprobe:libc.so.6", saved_target())
    assert any(
        "of which 200 are shown: add a glob, as libc.so.6:get*" in paragraph.replace("uprobe:", "")
        for paragraph in page.paragraphs
    )


def test_what_is_not_there_is_told(program: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no function of .* matches `nothing`"):
        explain("hook", f"uprobe:{program}:nothing", saved_target())
    with pytest.raises(NotFoundError, match=r"no USDT probe of .* matches"):
        explain("hook", f"usdt:{program}:other:*", saved_target())
    with pytest.raises(ElfError, match="there is no library `libno-such`"):
        explain("hook", "usdt:libno-such", saved_target())
