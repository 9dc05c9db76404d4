"""The documentation is held to what is there: its commands parse, its policies are valid, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

from policyd.assembly import resolve_all
from policyd.cli import cli
from policyd.cli.context import Settings
from policyd.config.load import parse_config
from policyd.host import Host
from policyd.parsing import load
from policyd.target import Target

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *(CHECKOUT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
SHIPPED = sorted(file for folder in ("policies", "library") for file in (CHECKOUT / folder).rglob("*.yaml"))
LINK = re.compile(r"\]\((?P<target>[^)#]+)(?:#[^)]*)?\)")


def blocks(language: str) -> list[tuple[str, str]]:
    """Return (page, text) of every block of code in this language."""
    return [
        (page.name, match["text"])
        for page in PAGES
        for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match["language"] == language
    ]


def commands() -> list[tuple[str, str]]:
    """Return (page, command) of every `$ command` of a page and `#   policyd …` of a policy, without remarks behind it."""
    lines = [
        (page, line.removeprefix("$ "))
        for page, text in blocks("console")
        for line in text.splitlines()
        if line.startswith("$ ")
    ]
    for file in SHIPPED:
        text = file.read_text(encoding="utf-8")
        lines += [(file.name, line.lstrip("# ")) for line in text.splitlines() if line.startswith("#   policyd ")]
    return [(page, line.split(" # ")[0].split("|")[0].strip()) for page, line in lines]


def as_policy(text: str) -> str:
    """Return a whole policy around a part of one (`rules:`, or the `filters:` of a rule)."""
    text = textwrap.dedent(text)
    if text.startswith("apiVersion:"):
        return text
    if text.startswith("filters:"):
        hook = "- name: part\n  hook: {cgroup: connect4}\n  outputs: [event: {fields: [dst.ip]}]\n"
        text = "rules:\n" + textwrap.indent(hook + textwrap.indent(text, "  "), "  ")
    head = "apiVersion: policyd.dev/v1alpha1\nkind: Policy\nmetadata: {name: part}\nspec:\n"
    return head + textwrap.indent(text, "  ")


def test_there_are_commands_and_policies_to_check() -> None:
    assert len(commands()) > 15
    assert len(blocks("yaml")) >= 4


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_of_the_documentation_is_one_that_policyd_takes(page: str, command: str) -> None:
    words = shlex.split(command)
    if words[0] == "sudo":
        words = words[1:]
    if words[0] != "policyd":
        assert words[0] == "mount" or os.access(CHECKOUT / words[0], os.X_OK), f"{page}: {command}"
        return
    parse(words[1:])


def parse(words: list[str]) -> None:
    """Let click parse a command line down to its last command, without running any of it."""
    command: click.Command = cli
    context = click.Context(cli, info_name="policyd", obj=Settings())
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        context = click.Context(command, parent=context, info_name=name)
    command.make_context(context.info_name, words, parent=context.parent)


def is_agent(text: str) -> bool:
    return "\nkind: Agent\n" in text


@pytest.mark.parametrize(("page", "text"), [block for block in blocks("yaml") if is_agent(block[1])])
def test_a_configuration_of_the_documentation_is_valid(page: str, text: str) -> None:
    assert parse_config(text.encode(), page).name


@pytest.mark.parametrize(("page", "text"), [block for block in blocks("yaml") if not is_agent(block[1])])
def test_a_policy_of_the_documentation_is_valid(page: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(as_policy(text), encoding="utf-8")
    loaded = load((str(file),))
    _, problems = resolve_all(loaded.policies, Target.running(), Host.running())  # as if this kernel had all means
    wrong = [str(problem) for problem in (*loaded.problems, *problems) if problem.severity == "error"]
    assert not wrong, f"{page}: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_of_the_documentation_leads_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_every_shipped_policy_is_named_by_its_file_and_explains_itself() -> None:
    assert len({file.name for file in SHIPPED}) == len(SHIPPED)
    for file in SHIPPED:
        text = file.read_text(encoding="utf-8")
        assert f"\n  name: {file.stem}\n" in text
        assert text.startswith("# "), f"{file.name}: say first what it is for"
        assert "mode: enforce\n" not in text, f"{file.name}: shipped policies harm nobody"
        assert "\n    policyd.dev/pays: " in text, f"{file.name}: say who pays for it"


def test_every_folder_of_policies_is_in_the_index() -> None:
    page = (CHECKOUT / "docs/library.md").read_text(encoding="utf-8")
    assert [file.name for file in SHIPPED if f"(../{file.relative_to(CHECKOUT)})" not in page] == []
    folders = [file.parent for file in SHIPPED]
    assert all(folders.count(folder) <= 20 for folder in folders), "nobody finds anything in a folder of more"


def test_the_generated_tables_are_up_to_date() -> None:
    script = CHECKOUT / "scripts/generate-docs"
    checked = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stderr


def test_a_table_that_is_out_of_date_is_found(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "docs", tmp_path / "docs")
    (tmp_path / "scripts").mkdir()
    page = (CHECKOUT / "docs/language.md").read_text(encoding="utf-8")
    (tmp_path / "docs/language.md").write_text(page.replace("| `InCIDR` |", "| `InCIDER` |"), encoding="utf-8")
    script = tmp_path / "scripts/generate-docs"
    for name in ("generate-docs", "manual.py"):
        script.with_name(name).write_text((CHECKOUT / "scripts" / name).read_text(encoding="utf-8"), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 1
    assert "run scripts/generate-docs" in checked.stderr
