"""`policyd doctor`: what this kernel and host can do, found by trying, its profile, and which capabilities policies need."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policyd.cli.context import Settings, open_kernel, require_running_kernel
from policyd.cli.needs import needs_document, needs_of_policies, needs_of_records, show_needs
from policyd.cli.output import Progress, note, print_json
from policyd.errors import UnsupportedError

if TYPE_CHECKING:
    from policyd.kernel.attachable import Feature
    from policyd.privileges import Need

GROUPS = {
    "kernel": "Kernel",
    "attach": "Hooks that policies can use",
    "settings": "Settings",
    "tools": "Tools",
}


@click.command()
@click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(),
    help="Tell only which capabilities these policies need (file, folder or -); needs no root.",
)
@click.option("--save-profile", metavar="FILE", type=click.Path(dir_okay=False), help="Write what --target reads.")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
@click.pass_obj
def command(settings: Settings, paths: tuple[str, ...], save_profile: str | None, output: str | None) -> None:
    """Tell what this kernel can do, what policies need, and save a profile.

    Every line is what was found by trying, not by version numbers; nothing is left behind. Exit code 5 means that something
    is missing without which policyd cannot work. A profile holds the kernel's types and tracepoints: with --target, policies
    are checked, rendered and compiled for that kernel anywhere, without root. The capabilities are those that the applied
    policies need, or with -f those of files: the least that a container or a service must be given.

    \b
    Examples:
      policyd doctor
      policyd doctor -f policies/
      policyd doctor --save-profile debian12.profile
      policyd doctor -o json | jq '.features[] | select(.ok | not)'
    """
    if paths:
        _tell_needs(settings, paths, output)
        return
    require_running_kernel(settings, "doctor")
    features, needs = _probe(settings), _applied_needs(settings)
    if output == "json":
        document = {"kernel": os.uname().release, "features": [asdict(feature) for feature in features]}
        print_json(document | {"capabilities": needs_document(needs)})
    else:
        _show(features)
        show_needs("Capabilities that the applied policies need", needs)
    if save_profile is not None:
        _save(Path(save_profile), features)
    missing = [feature.name for feature in features if feature.needed and not feature.ok]
    missing += [need.capability for need in needs if need.required and not need.held]
    if missing:
        raise UnsupportedError(f"this host lacks what policyd cannot do without: {', '.join(missing)}")


def _tell_needs(settings: Settings, paths: tuple[str, ...], output: str | None) -> None:
    from policyd.cli.loading import load_or_fail

    needs = needs_of_policies(load_or_fail(settings, paths).policies)
    if output == "json":
        print_json({"capabilities": needs_document(needs)})
    else:
        show_needs("Capabilities that these policies need", needs)


def _applied_needs(settings: Settings) -> tuple[Need, ...]:
    from policyd.record import read_policies

    records = read_policies(open_kernel(settings, "doctor")).values()
    return needs_of_records(records, other_user=os.geteuid() != 0)


def _probe(settings: Settings) -> list[Feature]:
    from policyd.kernel.attachable import probe
    from policyd.kernel.features import PROBES, builder

    rows = tuple(builder(settings.builder) if row.name == "builder" else row for row in PROBES)
    found = []
    with Progress(settings) as progress:
        progress.step(f"trying {rows[0].name}")
        for feature in probe(rows):
            found.append(feature)
            upcoming = rows[len(found)].name if len(found) < len(rows) else "the last"
            progress.step(f"[{len(found)}/{len(rows)}] trying {upcoming}")
    return found


def _show(features: list[Feature]) -> None:
    from policyd.cli.prose import width, wrapped_table

    columns = width()
    system = os.uname()
    click.echo(f"Linux {system.release} {system.machine}")
    for group, title in GROUPS.items():
        rows = [(_mark(one), one.name, _detail(one)) for one in features if one.group == group]
        click.secho(f"\n{title}:", bold=True)
        for line in wrapped_table(("", "", ""), rows, columns - 2):
            click.echo("  " + _colored(line))


def _mark(feature: Feature) -> str:
    if feature.ok:
        return "yes"
    return "NO" if feature.needed else "no"


def _detail(feature: Feature) -> str:
    since = f" (since Linux {feature.since})" if feature.since and not feature.ok else ""
    return feature.detail + since


def _colored(line: str) -> str:
    for mark, color in (("yes ", "green"), ("NO ", "red"), ("no ", "yellow")):
        if line.startswith(mark):
            return click.style(mark, fg=color) + line.removeprefix(mark)
    return line


def _save(path: Path, features: list[Feature]) -> None:
    from policyd.kernel.features import as_facts
    from policyd.kernel.functions import function_lists
    from policyd.target import Target

    Target.running(as_facts(features), function_lists).save(path)
    note(f"saved the profile of {os.uname().release} to {path} ({path.stat().st_size >> 10} KiB)")
