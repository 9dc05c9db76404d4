"""`policyd validate`: all problems of all files, with places and hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policyd.cli.failure import plural, show_problems
from policyd.cli.loading import Loaded, load, target_and_host
from policyd.cli.means import means_data, means_table
from policyd.cli.output import Progress, print_json, say
from policyd.errors import Problem, ProblemsError, show_path

if TYPE_CHECKING:
    from policyd.cli.context import Settings


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path())
@click.option("--compile", "compiles", is_flag=True, help="Compile every program too (needs clang or bcc, no root).")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["json", "wide"]),
    help="json: print one JSON document; wide: also tell how hooks are seen here, and what globs stand for.",
)
@click.pass_obj
def command(settings: Settings, paths: tuple[str, ...], compiles: bool, strict: bool, output: str | None) -> None:
    """Check policies: all problems of all files, with places and hints.

    Checked against the running kernel, or the profile that --target names: hooks, fields and types must exist there. Needs
    no root; where tracefs cannot be read, only system calls and BTF are known.

    \b
    Examples:
      policyd validate policies/
      policyd validate --compile --strict policies/
      policyd validate --target debian12.profile -o wide policies/
      cat policy.yaml | policyd validate -
    """
    loaded = load(settings, paths)
    failed = bool(loaded.errors) or (strict and bool(loaded.warnings))
    if output == "json":
        problems = [problem_data(one) for one in loaded.problems]
        means = means_data(loaded.policies)
        print_json({"valid": not failed, "files": loaded.files, "problems": problems, "means": means})
    if failed:
        raise click.exceptions.Exit(ProblemsError.exit_code) if output == "json" else ProblemsError(loaded.problems)
    compiled = _compile(settings, loaded) if compiles else 0
    if output == "wide":
        click.echo(means_table(loaded.policies, every=True))
    if output != "json":
        _report(settings, loaded, compiled)


def _report(settings: Settings, loaded: Loaded, compiled: int) -> None:
    show_problems(loaded.warnings)
    if not settings.quiet:
        built = f", {plural(compiled, 'program')} compiled" if compiled else ""
        lists = f" and {plural(len(loaded.lists), 'policy list')}" if loaded.lists else ""
        say(f"{plural(len(loaded.policies), 'policy')}{lists} in {plural(loaded.files, 'file')}: valid{built}")


def _compile(settings: Settings, loaded: Loaded) -> int:
    """Compile every unit; the first compile error is raised, as a bug of ours that it is."""
    from policyd.cli.render import bound_units
    from policyd.cli.wiring import make_builder
    from policyd.toolchain import Toolchain

    target, _ = target_and_host(settings)
    units = bound_units(loaded.policies)
    with Progress(settings) as progress:
        errors = Toolchain(target, make_builder(settings)).compile_all(units, lambda key: progress.step(f"compiled {key}"))
    for error in errors.values():
        raise error
    return len(units)


def problem_data(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON; `file`, `line` and `column` are null where there is no place."""
    at = problem.position
    return {
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "policy": problem.policy,
        "path": show_path(problem.path),
        "file": at.file if at else None,
        "line": at.line if at else None,
        "column": at.column if at else None,
    }
