"""`policyd version`: what an issue report needs to say."""

from __future__ import annotations

import platform
import re
import subprocess

import click

from policyd import __version__
from policyd.cli.output import print_json, say
from policyd.errors import UnsupportedError

LANGUAGE = "policyd.dev/v1alpha1"


@click.command()
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print one JSON document.")
def command(output: str | None) -> None:
    """Print the version of policyd, its tools and this kernel.

    \b
    Examples:
      policyd version
      policyd version -o json
    """
    found = versions()
    if output == "json":
        print_json(found)
        return
    width = max(map(len, found))
    for name, version in found.items():
        say(f"{name:<{width}}  {version or 'not found'}")


def versions() -> dict[str, str | None]:
    """Return names and versions in the order to show them; None for a tool that is not installed."""
    return {
        "policyd": __version__,
        "language": LANGUAGE,
        "python": platform.python_version(),
        "kernel": f"{platform.release()} {platform.machine()}",
        "clang": _clang_version(),
        "libbpf": _libbpf_version(),
        "bcc": _bcc_version(),
    }


def _clang_version() -> str | None:
    """Return the version of the clang that would compile: for root that is one of the system's own folders."""
    from policyd.builders.compiler import find_clang

    try:
        told = find_clang().version()
    except (UnsupportedError, OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\S+)", told)
    return found[1] if found else told


def _bcc_version() -> str | None:
    from policyd.builders.bcc_server import Bcc

    return Bcc.version()


def _libbpf_version() -> str | None:
    from policyd.kernel.bpf.object import library_version

    try:
        return library_version()
    except UnsupportedError:
        return None
