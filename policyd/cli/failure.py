"""What the command line says when something fails, and the exit code that a script gets.

`tell` is called by `policyd.cli.run` alone.  Problems of documents are listed whole, sorted by place, with totals; any
other `PolicydError` is one message; a bug is one line (with the traceback under --verbose).
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.output import note
from policyd.errors import BuildError, PolicydError, Problem, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.cli.context import Settings

DIFFERS = 1
SYSTEM = 7
USAGE = 64
BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (0, "done (diff: what runs agrees with the files)"),
    (DIFFERS, "diff: it differs; apply, delete: done, but for the policies that were left out"),
    (2, "a file or a policy is wrong"),
    (3, "anything that has no code of its own"),
    (4, "a policy, hook, map or param of that name does not exist"),
    (5, "this kernel or this builder lacks something that is needed"),
    (6, "a program was refused by the compiler or by the kernel's verifier"),
    (SYSTEM, "a system call failed"),
    (8, "another policyd holds the lock"),
    (9, "the policy, the pin or the bpffs root belongs to somebody else"),
    (USAGE, "the command line makes no sense"),
    (BUG, "a bug of policyd"),
    (77, "root is needed"),
    (INTERRUPTED, "interrupted"),
    (BROKEN_PIPE, "nobody reads the output any more"),
)
"""Every exit code, as `policyd --help` and the documentation list them."""


def tell(error: BaseException, settings: Settings) -> int:
    """Tell the user about `error` on stderr and return the exit code; `SystemExit` passes."""
    if isinstance(error, SystemExit):
        raise error
    for kinds, teller in _TELLERS:
        if isinstance(error, kinds):
            return teller(error, settings)
    return _tell_bug(error, settings)


def show_problems(problems: Iterable[Problem]) -> None:
    """List problems on stderr, sorted by file and place, each with its hint, then the totals."""
    ordered = sorted(problems, key=_place)
    for problem in ordered:
        note(str(problem), "red" if problem.severity == "error" else "yellow")
    if ordered:
        note(count_problems(ordered))


def count_problems(problems: Iterable[Problem]) -> str:
    """Return the totals: `3 errors, 1 warning in 2 files`."""
    found = tuple(problems)
    errors = sum(problem.severity == "error" for problem in found)
    warnings = len(found) - errors
    parts = [plural(errors, "error")] if errors or not warnings else []
    parts += [plural(warnings, "warning")] if warnings else []
    files = len({problem.position.file for problem in found if problem.position})
    return ", ".join(parts) + (f" in {plural(files, 'file')}" if files else "")


def plural(count: int, noun: str) -> str:
    """Return `1 file`, `2 files`, `2 policies`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"


def _place(problem: Problem) -> tuple[str, int, int, str, str]:
    at = problem.position
    return (at.file if at else "", at.line if at else 0, at.column if at else 0, problem.policy, problem.message)


def _tell_problems(error: Any, _: Settings) -> int:
    show_problems(error.problems)
    return int(error.exit_code)


def _tell_build(error: Any, settings: Settings) -> int:
    note(f"error: {error}", "red")
    if error.log:
        note(error.log.rstrip() if settings.verbose else "    --verbose shows the whole log")
    return int(error.exit_code)


def _tell_known(error: Any, settings: Settings) -> int:
    note(f"error: {error}", "red")
    if error.__cause__ is not None:
        _trace(error, settings)
    return int(error.exit_code)


def _tell_help(error: Any, _: Settings) -> int:
    click.echo(error.format_message())
    return USAGE


def _tell_usage(error: Any, _: Settings) -> int:
    note(f"error: {error.format_message()}", "red")
    context = getattr(error, "ctx", None)
    if context is not None:
        takes_files = any("--filename" in option.opts for option in context.command.params)
        if takes_files and "extra argument" in error.format_message():
            note("    files and folders are named with -f, each: -f policies/")
        note(f"    {context.command_path} --help shows how it is used")
    return USAGE


def _tell_environment(error: Any, settings: Settings) -> int:
    _trace(error, settings)
    what = f" {error.filename}:" if error.filename else ""
    note(f"error:{what} {error.strerror or error}", "red")
    if error.errno in _NEXT:
        note(f"    {_NEXT[error.errno]}")
    return SYSTEM


_NEXT = {
    errno.EACCES: "this user may not: try with sudo, or name a place that is yours",
    errno.EPERM: "this user may not: try with sudo; `policyd doctor` tells what is missing",
    errno.ENOENT: "it is not there: see that the path is right, and that its folder exists",
    errno.EISDIR: "it is a folder: name a file in it",
    errno.ENOTDIR: "a part of the path is no folder",
    errno.ENOSPC: "there is no room left: `df` shows where; nothing that runs was changed by this",
    errno.EROFS: "nothing can be written there: name another place",
    errno.EMFILE: "this process may not open more files: `ulimit -n` raises that",
}
"""What to do when the system says no."""


def _tell_bug(error: BaseException, settings: Settings) -> int:
    _trace(error, settings)
    more = "" if settings.verbose else "; --verbose shows where"
    note(f"error: {type(error).__name__}: {error}\nThis is a bug of policyd{more}.", "red")
    note("    what runs goes on; a report of it needs this, the command, and what `policyd version` prints")
    return BUG


def _tell_interrupted(_: BaseException, __: Settings) -> int:
    note("interrupted; a change that was under way is finished by the next apply")
    return INTERRUPTED


def _tell_nobody(_: BaseException, __: Settings) -> int:
    """Point stdout at /dev/null, so that Python's flush at exit does not fail once more."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = None
    return BROKEN_PIPE


def _trace(error: BaseException, settings: Settings) -> None:
    if settings.verbose:
        note("".join(traceback.format_exception(error)).rstrip())


_TELLERS: tuple[tuple[tuple[type[BaseException], ...], Callable[[Any, Settings], int]], ...] = (
    ((BrokenPipeError,), _tell_nobody),
    ((KeyboardInterrupt, EOFError, click.Abort), _tell_interrupted),
    ((ProblemsError,), _tell_problems),
    ((BuildError,), _tell_build),
    ((PolicydError,), _tell_known),
    ((click.exceptions.NoArgsIsHelpError,), _tell_help),
    ((click.ClickException,), _tell_usage),
    ((OSError,), _tell_environment),
)
"""Who tells of which errors; the first row that fits."""
