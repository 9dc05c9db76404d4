"""Manual pages are there for every command, are current, say where to go on, and are taken by groff and mandoc."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from policyd.cli import COMMANDS

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "docs/man"
PAGES = sorted(path for path in FOLDER.iterdir() if path.is_file())
ONES = {f"policyd-{entry.name}.1" for entry in COMMANDS}


def test_there_is_a_page_for_each_command_the_whole_and_the_language() -> None:
    assert {path.name for path in PAGES} == ONES | {"policyd.1", "policyd-language.7"}


def test_a_page_that_is_named_is_there() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\-", "-")
        named = set(re.findall(r"\\fB(policyd[\w-]*)\\fR\((\d)\)|\\fB(policyd-\w+)\((\d)\)\\fR", text))
        for name, section, term, of in named:
            assert (FOLDER / f"{name or term}.{section or of}").is_file(), f"{page.name}: {name or term}"
        assert named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_what_people_look_for(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    wanted = ["NAME", "DESCRIPTION", "SEE ALSO"]
    if page.name in ONES:
        wanted += ["SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS"]

    assert [section for section in wanted if f"\n.SH {section}\n" not in text] == []


def test_installing_puts_them_where_man_looks() -> None:
    files = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["data-files"]

    assert files == {"share/man/man1": ["docs/man/*.1"], "share/man/man7": ["docs/man/*.7"]}


def test_groff_takes_them_without_a_warning() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    for page in PAGES:
        words = ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-z", str(page)]
        found = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (found.returncode, found.stderr) == (0, "")


def test_mandoc_takes_them_without_a_warning() -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    words = ["mandoc", "-Tlint", "-W", "warning", *map(str, PAGES)]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()

    assert [line for line in told if "missing date" not in line] == []  # a page is of a version, not of a day
