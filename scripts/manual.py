"""Manual pages, as roff: for generate-cli-docs (section 1, from the commands) and generate-docs (section 7, from `explain`).

Out: text of man(7) macros that groff and mandoc take without a warning; nothing in it depends on the day or the machine.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING

import click

from policyd import __version__
from policyd.cli import COMMANDS, cli
from policyd.cli.failure import EXIT_CODES
from policyd.explain import LISTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from policyd.page import Page, Table

LANGUAGE = "policyd-language.7"
TOPICS = ("keys", "hooks", "fields", "operators", "expressions", "outputs", "actions", "scope", "tables", "lists")
_TEXTS = frozenset(
    {"meaning", "what it sees", "what it says", "what it is", "what it does", "what they are", "result", "it is true if"}
)
_FILES = (
    (
        "/sys/fs/bpf/policyd",
        "what runs: programs, links and maps of policies, pinned below a folder that only root may enter",
    ),
    ("/run/policyd", "the agent's socket and its lock"),
    ("/var/lib/policyd", "what the agent keeps: revisions of sources, spools of sinks"),
)
_EXAMPLES = ".SH EXAMPLES"
_SEE_ALSO = "Pages in Markdown, with examples, are in the folder docs/ of the source."


def write_commands(folder: Path) -> dict[Path, str]:
    """Return the pages of section 1 by the files that they belong into."""
    pages = {folder / "policyd.1": whole_page()}
    return pages | {folder / f"policyd-{entry.name}.1": command_page(entry.name, entry.help) for entry in COMMANDS}


def stale(pages: dict[Path, str], pattern: str) -> list[Path]:
    """Return files that are not as they should be, and those of the pattern that should not be there."""
    (folder,) = {path.parent for path in pages}
    wrong = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return wrong + [path for path in sorted(folder.glob(pattern)) if path not in pages]


def write(pages: dict[Path, str], pattern: str) -> None:
    """Write all pages, and take away those of the pattern that belong to nothing any more."""
    for path in stale(pages, pattern):
        if path not in pages:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], encoding="utf-8")


# ------------------------------------------------------------------------------------------------ roff


def plain(text: str) -> str:
    """Return running text: what roff would take for its own is escaped, and no line begins with a macro."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    return f"\\&{text}" if text[:1] in {".", "'"} else text


def literal(text: str) -> str:
    """Return a line that stays as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in {".", "'"} else text


def joined(parts: Iterable[str]) -> str:
    """Return a page of its parts; a paragraph that begins a section needs no macro of its own."""
    return re.sub(r"(?m)^(\.S[HS] .*\n)\.PP\n", r"\1", "".join(parts))


def head(name: str, section: int, summary: str) -> str:
    """Return the beginning of a page."""
    return (
        f'.\\" Written by scripts/{"generate-docs" if section == 7 else "generate-cli-docs"}: do not edit.\n'
        f'.TH {name.upper()} {section} "" "policyd {__version__}" "policyd manual"\n'
        f".SH NAME\n{literal(name)} \\- {plain(summary)}\n"
    )


def example(lines: Iterable[str]) -> str:
    """Return lines that stay as they are."""
    return ".PP\n.EX\n" + "".join(f"{literal(line)}\n" for line in lines) + ".EE\n"


def terms(rows: Iterable[tuple[str, str]]) -> str:
    """Return terms with what they mean."""
    return "".join(f".TP\n\\fB{literal(term)}\\fR\n{plain(text) or chr(92) + '&'}\n" for term, text in rows)


# ------------------------------------------------------------------------------------------------ commands


def whole_page() -> str:
    """Return policyd(1)."""
    with click.Context(cli, info_name="policyd") as context:
        parts = [head("policyd", 1, "eBPF programs from YAML policies")]
        parts.append(
            ".SH SYNOPSIS\n\\fBpolicyd\\fR [\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]\n.SH DESCRIPTION\n"
        )
        said = [*prose(cli)]
        parts += [part for part in said if not part.startswith(_EXAMPLES)]
        parts.append(".SH COMMANDS\n")
        for section in dict.fromkeys(entry.section for entry in COMMANDS):
            parts.append(f".SS {plain(section)}\n")
            parts.append(terms((f"policyd-{entry.name}(1)", entry.help) for entry in COMMANDS if entry.section == section))
        parts.append(f".SH OPTIONS\n{options(cli, context)}")
    parts.append(".SH EXIT STATUS\n" + terms((str(code), meaning) for code, meaning in EXIT_CODES))
    parts += [part for part in said if part.startswith(_EXAMPLES)]
    parts.append(".SH FILES\n" + terms(_FILES))
    parts.append(f".SH SEE ALSO\n{also('language', 7)}, {also('init')}, {also('explain')}\n.PP\n{plain(_SEE_ALSO)}\n")
    return joined(parts)


def command_page(name: str, summary: str) -> str:
    """Return the page of a command, with those below it."""
    command = importlib.import_module(f"policyd.cli.{name}").command
    with click.Context(cli, info_name="policyd") as parent:
        parts = [head(f"policyd-{name}", 1, summary), *body(command, name, parent)]
    parts.append(".SH GLOBAL OPTIONS\nOptions of " + also("") + " may stand after the command too.\n")
    parts.append(f".SH EXIT STATUS\nSee {also('')}.\n.SH SEE ALSO\n{also('')}, {also('language', 7)}\n")
    return joined(parts)


def body(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """Yield synopsis, description, options and examples; of a group, those of its commands too."""
    with click.Context(command, info_name=name, parent=parent) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SH SYNOPSIS\n\\fB{literal(context.command_path)}\\fR {literal(usage)}\n.SH DESCRIPTION\n"
        said = [*prose(command)]
        yield from (part for part in said if not part.startswith(_EXAMPLES))
        yield f".SH OPTIONS\n{options(command, context)}"
        if isinstance(command, click.Group):
            yield ".SH COMMANDS\n"
            for inner in command.list_commands(context):
                yield from below(command.get_command(context, inner), inner, context)
        yield from (part for part in said if part.startswith(_EXAMPLES))


def below(command: click.Command | None, name: str, parent: click.Context) -> Iterator[str]:
    """Yield a command of a group, as a part of the group's page."""
    assert command is not None
    with click.Context(command, info_name=name, parent=parent) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS \\fB{literal(context.command_path)}\\fR {literal(usage)}\n"
        for part in prose(command):
            yield part.removeprefix(f"{_EXAMPLES}\n")
        yield options(command, context)


def prose(command: click.Command) -> Iterator[str]:
    """Yield the paragraphs of a command's help; examples are a section of their own."""
    for text in inspect.cleandoc(command.help or "").split("\n\n"):
        if not text.startswith("\b"):
            yield f".PP\n{plain(text)}\n"
            continue
        lines = text.removeprefix("\b\n").split("\n")[1:]
        yield f"{_EXAMPLES}\n{example(line.removeprefix('  ') for line in lines)}"


def options(command: click.Command, context: click.Context) -> str:
    """Return the options that are shown in the help, with `--help`."""
    shown = [one for one in command.get_params(context) if isinstance(one, click.Option) and not one.hidden]
    return terms(record for one in shown if (record := one.get_help_record(context)))


def also(name: str, section: int = 1) -> str:
    """Return a reference to another page."""
    return f"\\fBpolicyd{chr(92) + '-' + name if name else ''}\\fR({section})"


# ------------------------------------------------------------------------------------------------ the language


def language_page() -> str:
    """Return policyd-language(7)."""
    parts = [head("policyd-language", 7, "what a policy can say")]
    parts.append(
        ".SH DESCRIPTION\nA policy says in YAML which events of the kernel matter, what is kept of them, and what is done "
        f"about them. {also('init')} writes a first one, {also('explain')} tells what follows for the kernel that it runs "
        "on: arguments of hooks with their types, and what is missing there.\n"
    )
    for topic in TOPICS:
        parts += topic_part(LISTS[topic]())
    parts.append(f".SH SEE ALSO\n{also('')}, {also('explain')}, {also('validate')}\n.PP\n{plain(_SEE_ALSO)}\n")
    return joined(parts)


def topic_part(page: Page) -> Iterator[str]:
    """Yield a page of `explain` as a section."""
    yield f".SH {plain(page.title.upper())}\n"
    yield from (f".PP\n{plain(text)}\n" for text in page.paragraphs)
    for table in page.tables:
        if table.title:
            yield f".SS {plain(table.title)}\n"
        yield terms((row[0], row_text(table, row)) for row in table.rows)


def row_text(table: Table, row: tuple[str, ...]) -> str:
    """Return the cells of a row behind the first: what it means, then the others with their headings."""
    cells = [(heading, cell) for heading, cell in zip(table.headings[1:], row[1:], strict=True) if cell]
    said = [cell for heading, cell in cells if heading in _TEXTS or not heading]
    others = [f"{heading}: {cell}" for heading, cell in cells if heading not in _TEXTS and heading]
    return " ".join(text if text.endswith((".", "?", "…")) else f"{text}." for text in (*said, *others))
